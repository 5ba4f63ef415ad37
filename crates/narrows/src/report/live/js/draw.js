export function draw() { const root=document.createElement('div'); return { id: 'draw', title: 'draw', root }; }
