//! Numbers and addresses of figures and tables: in the order of the page, folds included, so that what is cited today is found
//! under the same number tomorrow.

use std::collections::BTreeMap;

use super::{Block, Page, Paragraph, Section, Span};

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

impl Section {
    /// The same section with addresses of its own, so that the reports of several runs can stand on one page: those of its
    /// figures and tables, and the references to them, begin with `prefix`.
    #[must_use]
    pub fn with_addresses(mut self, prefix: &str) -> Self {
        prefix_blocks(&mut self.blocks, prefix);
        self
    }
}

fn prefix_blocks(blocks: &mut [Block], prefix: &str) {
    let add = |anchor: &mut String| anchor.insert_str(0, prefix);
    for block in blocks {
        match block {
            Block::Figure(figure) => {
                add(&mut figure.anchor);
                prefix_references([&mut figure.caption], prefix);
            }
            Block::Table(table) => {
                add(&mut table.anchor);
                prefix_references(table.footnotes.iter_mut().chain([&mut table.caption]), prefix);
            }
            Block::Details { blocks, .. } => prefix_blocks(blocks, prefix),
            Block::Paragraph(paragraph) | Block::Note(paragraph) => prefix_references([paragraph], prefix),
            Block::List(items) => prefix_references(items, prefix),
            Block::Heading(_) | Block::Code(_) => {}
        }
    }
}

fn prefix_references<'a>(paragraphs: impl IntoIterator<Item = &'a mut Paragraph>, prefix: &str) {
    for span in paragraphs.into_iter().flat_map(|paragraph| &mut paragraph.0) {
        if let Span::Reference(anchor) = span {
            anchor.insert_str(0, prefix);
        }
    }
}
