//! Headers of what was seen of a document at Visma, by which stages tell it apart without opening it.

/// Our reference in it; a command that makes one stand carries it too.
pub const REFERENCE: &str = "Ml-Reference";
/// When it was created, on Visma's clock.
pub const CREATED: &str = "Ml-Created";
/// `true` on the last entry of a document that Visma holds no longer.
pub const DELETED: &str = "Ml-Deleted";
/// `true` on a version that does not bear our reference any longer; `REFERENCE` is the one that it bore.
pub const DETACHED: &str = "Ml-Detached";
/// The purchase orders that a supplier invoice is for, each one token, separated by commas.
pub const PURCHASE_ORDERS: &str = "Ml-Purchase-Orders";
