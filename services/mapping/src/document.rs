//! Documents that are booked: an order, an invoice and a credit memo, as one type.
//!
//! All three have a header that adds up and rows that belong to items of one order. How they differ is settled here and
//! in `money`; the code that writes Visma's document need not ask which one it is.

use std::fmt;

use commerce::creditmemo::CreditMemo;
use commerce::document::Line;
use commerce::invoice::Invoice;
use commerce::order::{Modules, Order};
use commerce::totals::Totals;
use jiff::civil::DateTime;
use rust_decimal::Decimal;

use crate::cancelled;
use crate::date;
use crate::decision::Refusal;
use crate::file::Mapping;
use crate::money::range;
use crate::rounding::round;

/// Which of the three it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// A sales order.
    Order,
    /// The cancelled part of an order of which something else was invoiced, or is yet to be.
    CancelledPart,
    /// An invoice, of an order or of a part.
    Invoice,
    /// A refund, of an order or of a part.
    CreditMemo,
}

/// Name of a document in a sentence: `credit memo 000000009`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    kind: DocumentKind,
    number: &'a str,
}

/// A document of Commerce whose amounts are within reason.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) kind: DocumentKind,
    pub(crate) entity_id: u64,
    pub(crate) number: &'a str,
    pub(crate) created_at: Option<&'a str>,
    /// The order; for an order itself.
    pub(crate) order: &'a Order,
    /// The order as it stood when a part was credited before; only a cancelled part has it.
    pub(crate) before: Option<&'a Order>,
    /// The lines of an invoice or a credit memo; an order has its items.
    pub(crate) lines: &'a [Line],
    pub(crate) totals: Totals,
    /// Fields that modules added to an invoice or a credit memo; an order has its own.
    pub(crate) modules: Option<&'a Modules>,
    /// Refunded beyond the rows.
    pub(crate) adjustment_refund: Decimal,
    /// Kept back of the refund.
    pub(crate) adjustment_fee: Decimal,
}

impl<'a> Document<'a> {
    /// An order as a document.
    pub(crate) fn of_order(order: &'a Order) -> Result<Self, Refusal> {
        let name = Name { kind: DocumentKind::Order, number: &order.increment_id };
        range::order(order, name)?;
        Ok(Self {
            kind: DocumentKind::Order,
            entity_id: order.entity_id,
            number: &order.increment_id,
            created_at: order.created_at.as_deref(),
            order,
            before: None,
            lines: &[],
            totals: order.totals(),
            modules: None,
            adjustment_refund: Decimal::ZERO,
            adjustment_fee: Decimal::ZERO,
        })
    }

    /// The cancelled part of an order as a document, less the part that was cancelled when the order stood as `before`
    /// says. The total and the tax of both are rounded to these decimals, so that the credit notes add up to the total
    /// now.
    pub(crate) fn of_cancelled_part(
        order: &'a Order,
        before: Option<&'a Order>,
        decimals: u32,
    ) -> Result<Self, Refusal> {
        let whole = Self::of_order(order)?;
        let credited = |order: &Order| {
            let totals = cancelled::totals(order);
            let (grand_total, tax_amount) = (round(totals.grand_total, decimals), round(totals.tax_amount, decimals));
            Totals { grand_total, tax_amount, ..totals }
        };
        let totals = match before {
            Some(before) => credited(order).less(&credited(Self::of_order(before)?.order)),
            None => credited(order),
        };
        Ok(Self { kind: DocumentKind::CancelledPart, totals, before, ..whole })
    }

    /// An invoice as a document.
    pub(crate) fn of_invoice(invoice: &'a Invoice, order: &'a Order) -> Result<Self, Refusal> {
        let name = Name { kind: DocumentKind::Invoice, number: &invoice.increment_id };
        range::order(order, Name { kind: DocumentKind::Order, number: &order.increment_id })?;
        range::invoice(invoice, name)?;
        Ok(Self {
            kind: DocumentKind::Invoice,
            entity_id: invoice.entity_id,
            number: &invoice.increment_id,
            created_at: invoice.created_at.as_deref(),
            order,
            before: None,
            lines: &invoice.items,
            totals: invoice.totals(),
            modules: Some(&invoice.modules),
            adjustment_refund: Decimal::ZERO,
            adjustment_fee: Decimal::ZERO,
        })
    }

    /// A credit memo as a document.
    pub(crate) fn of_credit_memo(memo: &'a CreditMemo, order: &'a Order) -> Result<Self, Refusal> {
        let name = Name { kind: DocumentKind::CreditMemo, number: &memo.increment_id };
        range::order(order, Name { kind: DocumentKind::Order, number: &order.increment_id })?;
        range::credit_memo(memo, name)?;
        Ok(Self {
            kind: DocumentKind::CreditMemo,
            entity_id: memo.entity_id,
            number: &memo.increment_id,
            created_at: memo.created_at.as_deref(),
            order,
            before: None,
            lines: &memo.items,
            totals: memo.totals(),
            modules: Some(&memo.modules),
            adjustment_refund: memo.adjustment_positive,
            adjustment_fee: memo.adjustment_negative,
        })
    }

    /// Returns its name in a sentence.
    pub(crate) fn name(&self) -> Name<'a> {
        Name { kind: self.kind, number: self.number }
    }

    /// Its currency.
    pub(crate) fn currency(&self) -> &'a str {
        &self.order.order_currency_code
    }

    /// When it was made, in the company's time zone.
    pub(crate) fn made(&self, mapping: &Mapping) -> Result<DateTime, Refusal> {
        date::local(self.created_at, self.name(), mapping)
    }
}

impl<'a> Name<'a> {
    /// A name for what is looked at before it is a document.
    pub(crate) fn new(kind: DocumentKind, number: &'a str) -> Self {
        Self { kind, number }
    }

    /// At the beginning of a sentence.
    pub(crate) fn capital(self) -> String {
        let mut name = self.to_string();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        name
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            DocumentKind::Order => "order",
            DocumentKind::CancelledPart => "the cancelled part of order",
            DocumentKind::Invoice => "invoice",
            DocumentKind::CreditMemo => "credit memo",
        };
        write!(out, "{kind} {}", self.number)
    }
}
