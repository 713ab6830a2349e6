// Before the first paint: light or dark as it was chosen here, else as the system has it.
document.documentElement.dataset.theme = localStorage.getItem('theme') || '';
