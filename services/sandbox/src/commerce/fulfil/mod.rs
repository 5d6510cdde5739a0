//! Does what a shop does with an order after it was placed: invoice, ship, refund, cancel, hold.
//!
//! Bodies, rules and messages are those of Magento's own endpoints (`POST /V1/order/{id}/invoice` and its siblings),
//! and so is the arithmetic: it was written from Magento's total collectors and held against the recorded invoices and
//! credit memos of a real 2.4.7. The calls come in by the control door, since the connector has no business making
//! them.

mod credit;
mod edit;
mod fee;
mod invoice;
mod line;
pub(in crate::commerce) mod money;
mod product_tax;
mod refund;
mod render;
mod sale;
mod ship;
mod state;
mod take;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::books::Books;
use super::config::Habits;
use super::refusal::CommerceRefusal;
use super::search::columns::Entity;
use super::shop::{Shop, now};
use super::table::Document;
use super::webhook;
use render::Named;
use sale::Sale;

/// Action to be done with an order, and the body that says how.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Invoice(InvoiceBody),
    Refund(RefundBody),
    Ship(ShipBody),
    /// A payment comes in: for every open invoice, or, with none, for all that is not invoiced.
    Pay,
    Cancel,
    Hold,
    Unhold,
}

/// `POST /V1/order/{id}/invoice`. Without items, everything that is left.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct InvoiceBody {
    items: Option<Vec<Part>>,
    /// True when the money is there. Payment methods without a gateway are always captured, also against this setting,
    /// in a real shop; here `false` plays a gateway that captures later.
    capture: Option<bool>,
    arguments: InvoiceArguments,
}

/// Further arguments of an invoice.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct InvoiceArguments {
    extension_attributes: InvoiceExtension,
}

/// As [`InvoiceArguments`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct InvoiceExtension {
    /// In the order's currency.
    custom_capture_amount: Option<serde_json::Number>,
}

/// `POST /V1/order/{id}/refund`. Without items, everything that is left; with an empty list, no items.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RefundBody {
    items: Option<Vec<Part>>,
    arguments: Arguments,
}

/// Amounts in the base currency.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Arguments {
    shipping_amount: Option<serde_json::Number>,
    adjustment_positive: Option<serde_json::Number>,
    adjustment_negative: Option<serde_json::Number>,
}

/// `POST /V1/order/{id}/ship`. Without items, everything that is left.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ShipBody {
    items: Option<Vec<Part>>,
}

/// So many of one item.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    order_item_id: u64,
    qty: serde_json::Number,
}

/// Why Magento does not do it; always 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(CommerceRefusal);

impl Refused {
    fn plain(message: &str) -> Self {
        Self(CommerceRefusal::plain(StatusCode::BAD_REQUEST, message))
    }

    fn listed(message: &str, values: &[&str]) -> Self {
        Self(CommerceRefusal::listed(StatusCode::BAD_REQUEST, message, values))
    }

    fn document(what: &str, faults: &[String]) -> Self {
        Self::plain(&format!("{what} Document Validation Error(s):\n{}", faults.join("\n")))
    }
}

/// Result of an action: the new document's id, or whether anything was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    Document(Entity, u64),
    Changed(bool),
}

impl Shop {
    /// Does something with an order. A late commit makes the caller wait, as a transaction does.
    ///
    /// # Errors
    /// The answer that Magento would give.
    pub(crate) async fn act(&self, order: u64, action: Action) -> Result<Done, CommerceRefusal> {
        let at = now();
        self.late(order, &at).await;
        let (done, written) = {
            let mut books = self.books();
            act(&mut books, &self.config().habits, order, &action, &at)?
        };
        for (entity, id) in written {
            webhook::wait(webhook::announce_saved(self, entity, id)).await;
        }
        Ok(done)
    }
}

/// Tax of an order that stands on no item's own price and not on its shipping, in the order's currency.
#[derive(Debug, Clone, Copy)]
pub(super) struct BesideTax {
    /// In percent; `None` for that of shipping.
    pub(super) rate: Option<Decimal>,
    pub(super) whole: Decimal,
    pub(super) invoiced: Decimal,
    pub(super) refunded: Decimal,
}

/// The taxes on fixed product taxes and on the fee of a payment module.
pub(super) fn taxes_beside(order: &Document, habits: &Habits) -> Vec<BesideTax> {
    let sale = Sale::open(0, order, habits);
    let of = |rate: Option<Decimal>, [whole, invoiced, refunded]: [money::Pair; 3]| BesideTax {
        rate,
        whole: whole.own,
        invoiced: invoiced.own,
        refunded: refunded.own,
    };
    let rate = |line: &line::Line| {
        let money = sale.lines.iter().find(|other| Some(other.id) == line.parent).unwrap_or(line);
        money.document.number("tax_percent")
    };
    let mut taxes: Vec<BesideTax> =
        sale.lines.iter().map(|line| of(rate(line).or(Some(Decimal::ZERO)), line.product_tax.taxes())).collect();
    taxes.push(of(None, fee::taxes(&sale)));
    taxes.retain(|tax| !tax.whole.is_zero());
    taxes
}

type Written = Vec<(Entity, u64)>;

fn act(
    books: &mut Books,
    habits: &Habits,
    order: u64,
    action: &Action,
    at: &str,
) -> Result<(Done, Written), CommerceRefusal> {
    let document = books.orders.get(&order).ok_or_else(CommerceRefusal::no_entity)?;
    let mut sale = Sale::open(order, document, habits);
    let done = perform(books, &mut sale, action, at).map_err(|refused| refused.0)?;
    if done == Done::Changed(false) {
        return Ok((done, Vec::new()));
    }
    books.orders.insert(order, sale.close(at));
    let mut written = vec![(Entity::Order, order)];
    if let Done::Document(entity, id) = done {
        written.push((entity, id));
    }
    Ok((done, written))
}

fn perform(books: &mut Books, sale: &mut Sale, action: &Action, at: &str) -> Result<Done, Refused> {
    match action {
        Action::Invoice(body) => {
            let quantities = quantities(body.items.as_deref())?;
            let captured = captured(sale, &body.arguments.extension_attributes)?;
            let asked = invoice::Asked { quantities, paid: body.capture.unwrap_or(true), captured };
            new_invoice(books, sale, &asked, at)
        }
        Action::Refund(body) => {
            let amount = |number: &Option<serde_json::Number>| number.as_ref().map(decimal).transpose();
            let asked = refund::Asked {
                quantities: quantities(body.items.as_deref())?,
                shipping: amount(&body.arguments.shipping_amount)?,
                adjustment_positive: amount(&body.arguments.adjustment_positive)?,
                adjustment_negative: amount(&body.arguments.adjustment_negative)?,
            };
            new_credit_memo(books, sale, &asked, at)
        }
        Action::Ship(body) => {
            let taken = ship::make(sale, quantities(body.items.as_deref())?.as_ref())?;
            state::settle(sale);
            let named = named(books, sale, Entity::Shipment, taken.len(), at);
            let text = render::shipment(sale, &named, &taken);
            books.shipments.insert(named.id, Document::new(&text));
            Ok(Done::Document(Entity::Shipment, named.id))
        }
        Action::Pay => pay(books, sale, at),
        Action::Cancel => Ok(Done::Changed(state::cancel(sale))),
        Action::Hold => state::hold(sale).map(|()| Done::Changed(true)),
        Action::Unhold => state::unhold(sale).map(|()| Done::Changed(true)),
    }
}

fn new_invoice(books: &mut Books, sale: &mut Sale, asked: &invoice::Asked, at: &str) -> Result<Done, Refused> {
    let made = invoice::make(sale, asked)?;
    state::settle(sale);
    let named = named(books, sale, Entity::Invoice, made.taken.len(), at);
    let text = render::invoice(sale, &named, &made);
    books.invoices.insert(named.id, Document::new(&text));
    Ok(Done::Document(Entity::Invoice, named.id))
}

fn new_credit_memo(books: &mut Books, sale: &mut Sale, asked: &refund::Asked, at: &str) -> Result<Done, Refused> {
    let made = refund::make(sale, asked)?;
    state::settle(sale);
    let named = named(books, sale, Entity::CreditMemo, made.taken.len(), at);
    let text = render::credit_memo(sale, &named, &made);
    books.credit_memos.insert(named.id, Document::new(&text));
    let amount = made.totals.grand_total.base;
    let (sign, shown) = (if amount < Decimal::ZERO { "-" } else { "" }, money::cents(amount.abs()));
    let comment = format!("We refunded {sign}{}\u{a0}{shown:.2} offline.", sale.text("base_currency_code"));
    let comment_id = books.next_comment();
    sale.note(comment_id, &comment, "creditmemo", at);
    Ok(Done::Document(Entity::CreditMemo, named.id))
}

/// Pays the open invoices of an order; with none at all, invoices what is left, as a gateway's notification does.
fn pay(books: &mut Books, sale: &mut Sale, at: &str) -> Result<Done, Refused> {
    let of_order = |invoice: &Document| invoice.number("order_id") == Some(Decimal::from(sale.id));
    let open: Vec<u64> = books
        .invoices
        .iter()
        .filter(|(_, invoice)| of_order(invoice) && invoice.number("state") == Some(Decimal::ONE))
        .map(|(id, _)| *id)
        .collect();
    if open.is_empty() {
        return new_invoice(books, sale, &invoice::Asked { quantities: None, paid: true, captured: None }, at);
    }
    for id in open {
        let Some(invoice) = books.invoices.get(&id) else { continue };
        sale.pay(line::pair(invoice, "grand_total"), None);
        sale.add_payment("shipping_captured", line::pair(invoice, "shipping_amount"));
        let paid = invoice.with("state", "2").with("updated_at", &Value::from(at).to_string());
        books.invoices.insert(id, paid);
    }
    Ok(Done::Changed(true))
}

/// The numbers of a new document: an id, and one in the store's own sequence of its kind.
fn named(books: &mut Books, sale: &Sale, entity: Entity, items: usize, at: &str) -> Named {
    let store = sale.document().number("store_id").and_then(|id| u64::try_from(id).ok()).unwrap_or(1);
    Named {
        id: books.next_id(entity),
        increment_id: books.next_number(entity, store),
        first_item: books.next_items(items as u64),
        at: at.to_owned(),
    }
}

/// Amount that is captured for an invoice, where the call names it and the shop lets it.
fn captured(sale: &Sale, extension: &InvoiceExtension) -> Result<Option<money::Pair>, Refused> {
    let Some(amount) = &extension.custom_capture_amount else { return Ok(None) };
    if !sale.habits.custom_capture {
        return Err(Refused(CommerceRefusal::not_supported("custom_capture_amount")));
    }
    let own = decimal(amount)?;
    let base = money::cents(money::ratio(own, sale.amount("base_to_order_rate")));
    Ok(Some(money::Pair::new(base, own)))
}

fn quantities(parts: Option<&[Part]>) -> Result<Option<take::Quantities>, Refused> {
    let one = |part: &Part| Ok((part.order_item_id, decimal(&part.qty)?));
    parts.map(|parts| parts.iter().map(one).collect::<Result<BTreeMap<_, _>, Refused>>()).transpose()
}

fn decimal(number: &serde_json::Number) -> Result<Decimal, Refused> {
    let text = number.as_str();
    text.parse().or_else(|_| Decimal::from_scientific(text)).map_err(|_| Refused::plain("Decoding error."))
}
