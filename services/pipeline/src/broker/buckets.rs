//! The buckets that are the shell's own. `provision` makes them.

/// How far each poll has read.
pub const CURSORS: &str = "ML_CURSORS";
/// When each poll ran last, who runs it now, and who asked for it.
pub const POLLS: &str = "ML_POLLS";
/// The calls that a vendor still allows. On disk: a broker forgets what it keeps in memory when it restarts, the bucket
/// itself included, and the vendor's window and its Retry-After outlive it.
pub const BUDGET: &str = "ML_BUDGET";
