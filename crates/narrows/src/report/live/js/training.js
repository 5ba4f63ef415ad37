export function training() { const root=document.createElement('div'); return { id: 'training', title: 'training', root }; }
