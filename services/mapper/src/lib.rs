//! Takes changes, asks mapping what they shall become, publishes commands.
