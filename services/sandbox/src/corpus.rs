//! Recorded REST responses of a real shop, served unchanged.
