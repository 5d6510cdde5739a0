//! Mapping as its users see it: real orders, drawn orders, broken orders and broken mapping files.
//!
//! One test program, so that there is one link step.

mod broken_orders;
mod drawn_orders;
mod mapping_files;
mod money;
mod rules;
mod scope;
mod shop;
mod support;
mod visma_total;

mod real_orders;
