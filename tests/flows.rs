//! Flows beside the main one, each from its command or its change to what both sides hold.

mod comments;
