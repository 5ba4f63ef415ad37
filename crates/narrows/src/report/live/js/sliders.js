export function sliders() { const root=document.createElement('div'); return { id: 'sliders', title: 'sliders', root }; }
