//! The life of one write to a vendor: intent, sent, answered, in doubt, settled.
