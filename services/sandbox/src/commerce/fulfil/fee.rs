//! The fee of a payment module on invoices and credit memos, as such modules add it to their totals.

use rust_decimal::Decimal;

use super::money::{Pair, cents};
use super::sale::Sale;
use super::take::Taken;
use crate::commerce::table::Document;

/// Part of the fee that a document has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fee {
    pub(super) net: Pair,
    /// As far as it is not in the document's tax before.
    pub(super) tax: Pair,
}

/// The fee of the order; `None` where it shows none.
fn of_order(sale: &Sale) -> Option<Fee> {
    let habit = sale.habits.fee.as_ref()?;
    Document::new(sale.document().member("extension_attributes").unwrap_or("{}")).member(&habit.field)?;
    let base = Decimal::new(habit.ore, 2);
    let net = Pair::new(base, cents(base * sale.amount("base_to_order_rate")));
    Some(Fee { net, tax: taxes(sale)[0] })
}

/// The tax on the fee: all of it, invoiced, refunded. It is what the order has of tax on nothing else.
pub(super) fn taxes(sale: &Sale) -> [Pair; 3] {
    if sale.habits.fee.is_none() {
        return [Pair::ZERO; 3];
    }
    let lines = || sale.lines.iter();
    let rows = |of: fn(&super::line::Line) -> Pair| lines().filter(|line| !line.dummy).map(of).sum::<Pair>();
    let product = |at: fn([Pair; 3]) -> Pair| lines().map(|line| at(line.product_tax.taxes())).sum::<Pair>();
    let shipping = sale.pair("shipping_tax_amount");
    let invoiced = if sale.document().member("total_invoiced").is_some() { shipping } else { Pair::ZERO };
    [
        sale.pair("tax_amount") - rows(|line| line.whole.tax) - shipping - product(|[whole, ..]| whole),
        sale.pair("tax_invoiced") - rows(|line| line.billed.tax) - invoiced - product(|[_, billed, _]| billed),
        sale.pair("tax_refunded")
            - rows(|line| line.returned.tax)
            - sale.pair("shipping_tax_refunded")
            - product(|[.., returned]| returned),
    ]
}

/// Part of the fee that an invoice takes. `open_tax` is what the invoice leaves of the order's tax.
pub(super) fn of_invoice(sale: &Sale, first: bool, open_tax: Pair) -> Fee {
    let every = sale.habits.fee.as_ref().is_some_and(|habit| habit.on_every_invoice);
    match of_order(sale) {
        // The tax comes with the invoice that takes what is left of all tax.
        Some(fee) if every => Fee { tax: Pair::ZERO, ..fee },
        Some(fee) if first => Fee { tax: fee.tax.min(open_tax), ..fee },
        _ => Fee::default(),
    }
}

/// Part of the fee that a credit memo gives back.
pub(super) fn of_refund(sale: &Sale, taken: &[Taken]) -> Fee {
    let every = sale.habits.fee.as_ref().is_some_and(|habit| habit.on_every_memo);
    let taken_of = |id: u64| taken.iter().find(|one| one.line.id == id).map(|one| one.quantity).unwrap_or_default();
    let mut lines = sale.lines.iter().filter(|line| !line.dummy);
    let nothing_left = lines.all(|line| line.to_invoice().is_zero() && line.to_refund() == taken_of(line.id));
    of_order(sale).filter(|_| every || nothing_left && !taken.is_empty()).unwrap_or_default()
}
