//! Numbers and addresses of figures and tables: in the order of the page, folds included, so that what is cited today is found
//! under the same number tomorrow.

use std::collections::BTreeMap;

use super::{Block, Page};

/// What figures and tables are called: `Figure 3`, by the address that they have within the page.
#[derive(Debug, Default)]
pub(super) struct Numbering(BTreeMap<String, String>);

impl Numbering {
    /// Counts the figures and the tables of a page.
    pub(super) fn of(page: &Page) -> Self {
        let mut numbering = Self::default();
        let mut counts = [0, 0];
        for section in page.answers.iter().chain(&page.sections) {
            numbering.count(&section.blocks, &mut counts);
        }
        numbering
    }

    fn count(&mut self, blocks: &[Block], counts: &mut [usize; 2]) {
        for block in blocks {
            let (kind, anchor) = match block {
                Block::Details { blocks, .. } => {
                    self.count(blocks, counts);
                    continue;
                }
                Block::Figure(figure) => (0, &figure.anchor),
                Block::Table(table) => (1, &table.anchor),
                _ => continue,
            };
            counts[kind] += 1;
            let name = format!("{} {}", ["Figure", "Table"][kind], counts[kind]);
            let taken = self.0.insert(anchor.clone(), name);
            debug_assert!(taken.is_none(), "two figures or tables are called {anchor}");
        }
    }

    /// `Figure 3`; of what is not on the page, nothing.
    pub(super) fn name(&self, anchor: &str) -> Option<&str> {
        self.0.get(anchor).map(String::as_str)
    }
}
