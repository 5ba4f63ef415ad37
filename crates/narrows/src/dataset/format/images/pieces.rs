//! Folders of images that are decoded some megabytes at a time, so that they need not fit into memory.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use super::super::error::FormatError;
use super::resize::Target;
use super::{
    Fault, ImageFile, Images, Listing, Options, Plan, Role, Unreadable, all_unreadable, decode, keep_rows,
    those,
};

/// Bytes of pixels that are decoded at a time: enough work for all cores, little memory.
const PIECE_BYTES: usize = 16 << 20;

/// Some images, all of one role.
pub(in crate::dataset) struct Piece<'a> {
    pub role: Option<Role>,
    pub pixels: &'a [u8],
}

/// The images of a folder, piece by piece.
pub(in crate::dataset) struct Pieces<'a> {
    listing: &'a Listing,
    options: Options,
    threads: NonZeroUsize,
    target: Target,
    /// Images whose headers cannot be read.
    unreadable: Vec<Unreadable>,
    /// Files that are decoded.
    done: usize,
    readable: Vec<ImageFile>,
    failures: Vec<(usize, String)>,
    any_colour: bool,
    pixels: Vec<u8>,
}

impl<'a> Pieces<'a> {
    pub fn new(listing: &'a Listing, plan: Plan, options: Options, threads: NonZeroUsize) -> Self {
        let Plan { target, unreadable } = plan;
        let (readable, failures, pixels) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            listing,
            options,
            threads,
            target,
            unreadable,
            done: 0,
            readable,
            failures,
            any_colour: false,
            pixels,
        }
    }

    /// The next images, all of one role, in the shape of the plan; nothing after the last.
    ///
    /// # Errors
    /// If `progress` stopped.
    pub fn next(
        &mut self,
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<Piece<'_>>, FormatError> {
        let (before, total) = (self.done, self.listing.files.len());
        let row = self.target.height * self.target.width * self.target.channels;
        let files = &self.listing.files[before..];
        let Some(role) = files.first().map(|file| file.role) else { return Ok(None) };
        let of_role = files.iter().take_while(|file| file.role == role);
        let files: Vec<ImageFile> = of_role.take((PIECE_BYTES / row).max(1)).cloned().collect();
        self.done += files.len();

        self.pixels.clear();
        self.pixels.resize(files.len() * row, 0);
        let piece = Listing { folder: self.listing.folder.clone(), files, classes: Vec::new(), ignored: 0 };
        let mut of_all = |done: usize, _| progress(before + done, total);
        let decoded = decode::all(&piece, self.target, &mut self.pixels, self.threads, &mut of_all)
            .map_err(|fault| fault.in_file(&self.listing.folder))?;

        let mut kept = vec![true; piece.files.len()];
        for (index, reason) in decoded.failures {
            kept[index] = false;
            self.failures.push((before + index, reason));
        }
        self.any_colour |= decoded.any_colour;
        self.readable.extend(those(&piece.files, &kept));
        keep_rows(&mut self.pixels, row, &kept);
        Ok(Some(Piece { role, pixels: &self.pixels }))
    }

    /// What the images are, without their pixels. Where they came in three channels and have one here, all were grey.
    ///
    /// # Errors
    /// If images cannot be read and are not to be skipped.
    pub fn finish(self) -> Result<Images, FormatError> {
        let listing = self.listing;
        let unreadable = all_unreadable(listing, &self.options, self.unreadable, self.failures)
            .map_err(|problem| Fault::from(problem).in_file(&listing.folder))?;
        let images =
            super::images(self.target, Vec::new(), self.any_colour, self.options.colour, self.readable);
        Ok(Images { classes: listing.classes.clone(), unreadable, ..images })
    }
}
