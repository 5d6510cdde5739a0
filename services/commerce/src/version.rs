//! Fields of a record that move without it saying anything new. They do not count when the record is compared with the
//! one that was read last.
//!
//! The rest of the record is compared, in one spelling, whoever read it and how.

/// Left out at every depth: moved by each write of a row, by our own too, and by one that changes nothing that we read.
pub const VOLATILE: &[&str] = &["updated_at", "last_login_at"];

/// Left out of the record itself. Comments (of orders, invoices and credit memos) are written by people and by us
/// (a supplier invoice is noted as one), so that each of ours would come back as a change; `email_sent` is set by a job
/// some time after the document was made.
pub const VOLATILE_ON_RECORD: &[&str] = &["status_histories", "comments", "email_sent"];
