export function map() { const root=document.createElement('div'); return { id: 'map', title: 'map', root }; }
