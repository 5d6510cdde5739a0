//! The wire format between the stages.
