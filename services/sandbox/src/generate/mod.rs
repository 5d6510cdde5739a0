//! Seeded generator of orders in the shape that Adobe Commerce sends.
