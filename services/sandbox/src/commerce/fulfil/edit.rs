//! Editing an order: it is canceled, and a new one, `{number}-1`, takes its place.
//!
//! Both know of each other by their `relation_…` columns. An order that was drawn here gets a new cart of the same
//! customer; one that was recorded or stored as it is, a copy of its own.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::sale::Sale;
use super::state;
use crate::commerce::books::Books;
use crate::commerce::habits;
use crate::commerce::refusal::CommerceRefusal;
use crate::commerce::search::columns::Entity;
use crate::commerce::shop::{Shop, now};
use crate::commerce::table::Document;
use crate::commerce::webhook;
use crate::generate::Placement;

impl Shop {
    /// Replaces an order by a new one and gives the new one's id.
    ///
    /// # Errors
    /// When there is no such order, or nothing of it can be canceled any more.
    pub(crate) async fn edit(&self, order: u64) -> Result<u64, CommerceRefusal> {
        let at = now();
        self.late(order, &at).await;
        let new = replace(self, &mut self.books(), order, &at)?;
        for id in [order, new] {
            webhook::wait(webhook::announce_saved(self, Entity::Order, id)).await;
        }
        Ok(new)
    }
}

fn replace(shop: &Shop, books: &mut Books, order: u64, at: &str) -> Result<u64, CommerceRefusal> {
    let document = books.orders.get(&order).ok_or_else(CommerceRefusal::no_entity)?.clone();
    let mut sale = Sale::open(order, &document, &shop.config().habits);
    if !state::cancel(&mut sale) {
        return Err(CommerceRefusal::plain(StatusCode::BAD_REQUEST, "You cannot edit the order."));
    }
    let number = sale.text("increment_id");
    let original = Some(sale.text("original_increment_id")).filter(|text| !text.is_empty()).unwrap_or(number.clone());
    let edit = sale.amount("edit_increment") + rust_decimal::Decimal::ONE;
    let id = books.next_id(Entity::Order);
    let placement = Placement { entity_id: id, increment_id: format!("{original}-{edit}"), created_at: at.to_owned() };
    let text = match books.drawn.get(&order).copied() {
        Some(customer) => {
            let quote = shop.generator().with_habits(shop.config().tax).quote(books.next_serial(), customer);
            books.drawn.insert(id, customer);
            habits::dressed(quote.order(&placement).text, &shop.config().habits)
        }
        None => copied(&document, &placement),
    };
    let quoted = |text: &str| Some(Value::from(text).to_string());
    let new = Document::new(&text).edited(&[
        ("original_increment_id".to_owned(), quoted(&original)),
        ("relation_parent_id".to_owned(), quoted(&order.to_string())),
        ("relation_parent_real_id".to_owned(), quoted(&number)),
        ("edit_increment".to_owned(), Some(edit.to_string())),
    ]);
    sale.set_text("relation_child_id", &id.to_string());
    sale.set_text("relation_child_real_id", &placement.increment_id);
    books.orders.insert(order, sale.close(at));
    books.orders.insert(id, new);
    Ok(id)
}

/// The same order once more, as it was placed, under other numbers.
fn copied(order: &Document, placement: &Placement) -> String {
    let mut copy: Value = serde_json::from_str(&order.text()).unwrap_or_default();
    if let Value::Object(columns) = &mut copy {
        columns.retain(|name, _| !comes_later(name));
        for (base, of) in [("base_total_due", "base_grand_total"), ("total_due", "grand_total")] {
            let total = columns.get(of).cloned().unwrap_or_default();
            columns.insert(base.to_owned(), total);
        }
        columns.insert("entity_id".to_owned(), placement.entity_id.into());
        columns.insert("increment_id".to_owned(), placement.increment_id.clone().into());
        columns.insert("state".to_owned(), "new".into());
        columns.insert("status".to_owned(), "pending".into());
        columns.insert("status_histories".to_owned(), json!([]));
        for name in ["created_at", "updated_at"] {
            columns.insert(name.to_owned(), placement.created_at.clone().into());
        }
    }
    let old = order.number("entity_id").and_then(|id| u64::try_from(id).ok()).unwrap_or_default();
    renumber(&mut copy, old, placement.entity_id);
    copy.to_string()
}

/// Columns that only an invoice, a refund, a cancellation or a hold brings.
fn comes_later(name: &str) -> bool {
    let ends = ["_invoiced", "_refunded", "_canceled", "_captured", "_paid", "_invoiced_cost"];
    ends.iter().any(|end| name.ends_with(end))
        || ["hold_before_", "adjustment_", "base_adjustment_", "relation_"].iter().any(|start| name.starts_with(start))
}

/// Gives everything that belongs to the order the new order's id, and its items ids of their own.
fn renumber(value: &mut Value, old: u64, order: u64) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| renumber(one, old, order)),
        Value::Object(members) => {
            for (name, member) in members {
                let same = member.as_u64() == Some(old);
                match name.as_str() {
                    "order_id" | "parent_id" if same => *member = order.into(),
                    "item_id" | "parent_item_id" => {
                        let id = member.as_u64().unwrap_or_default();
                        *member = (order * 10_000 + id % 10_000).into();
                    }
                    "qty_invoiced" | "qty_refunded" | "qty_canceled" | "qty_shipped" => *member = 0.into(),
                    "row_invoiced" | "base_row_invoiced" | "tax_invoiced" | "base_tax_invoiced" => *member = 0.into(),
                    "discount_invoiced" | "base_discount_invoiced" => *member = 0.into(),
                    _ => renumber(member, old, order),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
