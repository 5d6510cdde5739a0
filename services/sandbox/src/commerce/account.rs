//! Computes what is left of an order by the shop's amounts: total and VAT by rate, less cancellations and refunds.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::config::Habits;
use super::fulfil::taxes_beside;
use super::table::Document;
use super::text;

/// `total_paid` is rounded to two places, totals are not.
const HALF_CENT: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// Amounts that should stand for an order elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LedgerAccount {
    /// In the order's currency, with VAT.
    pub total: Decimal,
    /// VAT by rate in percent; rates without VAT are left out.
    pub vat: BTreeMap<String, Decimal>,
}

/// Returns what is left of the whole order, and what is left of its invoices.
pub(super) fn accounts(order: &Document, habits: &Habits) -> (LedgerAccount, LedgerAccount) {
    let number = |name: &str| order.number(name).unwrap_or_default();
    let (total, refunded) = (number("grand_total"), number("total_refunded"));
    let invoiced = order.number("total_invoiced").or_else(|| order.number("total_paid")).unwrap_or_default();
    // What is called cancelled and stands on an invoice that is not paid yet is a claim.
    let (said, rest) = (number("total_canceled"), (total - invoiced).max(Decimal::ZERO));
    let canceled = if said > rest + HALF_CENT { rest } else { said };
    let named = canceled < rest - HALF_CENT;
    let (mut left, mut billed) = (Rates::default(), Rates::default());
    let items = text::elements(order.member("items").unwrap_or("[]"));
    for item in items.iter().map(|item| Document::new(item)) {
        let of = |name: &str| item.number(name).unwrap_or_default();
        let Some(rate) = item.number("tax_percent") else { continue };
        let off = match (canceled.is_zero(), named) {
            (true, _) => Decimal::ZERO,
            (false, false) => of("tax_amount") - of("tax_invoiced"),
            (false, true) => (of("tax_amount") * of("qty_canceled")).checked_div(of("qty_ordered")).unwrap_or_default(),
        };
        left.add(rate, of("tax_amount") - off - of("tax_refunded"));
        billed.add(rate, of("tax_invoiced") - of("tax_refunded"));
    }
    let rate = shipping_rate(order);
    let (tax, back) = (number("shipping_tax_amount"), number("shipping_tax_refunded"));
    let on_invoice = order.member("total_invoiced").is_some();
    let off = if !canceled.is_zero() && !named && !on_invoice { tax } else { Decimal::ZERO };
    left.add(rate, tax - off - back);
    billed.add(rate, if on_invoice { tax - back } else { Decimal::ZERO });
    for beside in taxes_beside(order, habits) {
        let rate = beside.rate.unwrap_or(rate);
        let off = if canceled.is_zero() || named { Decimal::ZERO } else { beside.whole - beside.invoiced };
        left.add(rate, beside.whole - off - beside.refunded);
        billed.add(rate, beside.invoiced - beside.refunded);
    }
    let cents = |amount: Decimal| amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    (
        LedgerAccount { total: cents(total - canceled - refunded), vat: left.shown() },
        LedgerAccount { total: cents(invoiced - refunded), vat: billed.shown() },
    )
}

#[derive(Default)]
struct Rates(BTreeMap<String, Decimal>);

impl Rates {
    fn add(&mut self, rate: Decimal, vat: Decimal) {
        *self.0.entry(rate.normalize().to_string()).or_default() += vat;
    }

    fn shown(self) -> BTreeMap<String, Decimal> {
        self.0.into_iter().filter(|(_, vat)| !vat.is_zero()).collect()
    }
}

/// The rate that the shipping was taxed at.
fn shipping_rate(order: &Document) -> Decimal {
    let extension = Document::new(order.member("extension_attributes").unwrap_or("{}"));
    let applied = text::elements(extension.member("item_applied_taxes").unwrap_or("[]")).into_iter().map(Document::new);
    let shipping = applied.into_iter().find(|one| one.string("type").as_deref() == Some("shipping"));
    let taxes = shipping.as_ref().and_then(|one| one.member("applied_taxes")).unwrap_or("[]");
    text::elements(taxes).into_iter().filter_map(|tax| Document::new(tax).number("percent")).sum()
}
