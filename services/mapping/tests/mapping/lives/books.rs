//! Visma's books, as the decisions on all that was read fill them; and what should stand there, by the shop's amounts.

use std::collections::{BTreeMap, BTreeSet};

use commerce::order::Order;
use mapping::{Before, Decision, InvoiceCommand, Invoiced, Mapping, Predicted, Scope, Trigger};
use problem::Code;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rust_decimal::Decimal;
use serde_json::Value;

use super::shop::Sale;

/// Documents that stand in Visma for one order.
pub(super) struct Books<'a> {
    mapping: &'a Mapping,
    scope: Scope,
    released: bool,
    /// By the key of the record.
    invoices: BTreeMap<String, Predicted>,
    notes: BTreeMap<String, Predicted>,
    references: BTreeSet<String>,
    /// The versions that cancelled parts were credited of.
    credited: Vec<Order>,
    decided: BTreeSet<String>,
    /// The shop invoiced what it had called cancelled, and a person was asked.
    asked: bool,
}

impl<'a> Books<'a> {
    pub(super) fn new(mapping: &'a Mapping, trigger: Trigger, released: bool) -> Self {
        Self {
            mapping,
            scope: Scope { trigger, ..Scope::default() },
            released,
            invoices: BTreeMap::new(),
            notes: BTreeMap::new(),
            references: BTreeSet::new(),
            credited: Vec::new(),
            decided: BTreeSet::new(),
            asked: false,
        }
    }

    /// Tells whether something stands, and whether a person was asked.
    pub(super) fn end(&self) -> (bool, bool) {
        (!self.invoices.is_empty(), self.asked)
    }

    /// Reads what there is, as the ingestor does: the order, then its invoices and credit memos.
    pub(super) fn read(&mut self, sale: &Sale) {
        let order = Order::from_value(&sale.json()).unwrap();
        self.order(&order);
        for paper in &sale.invoices {
            self.once("invoice", &paper.json, |books, json| books.invoice(json, &order));
        }
        for paper in &sale.memos {
            self.once("memo", &paper.json, |books, json| books.memo(json, &order));
        }
    }

    fn once(&mut self, kind: &str, json: &Value, decide: impl Fn(&mut Self, &Value)) {
        if self.decided.insert(format!("{kind} {}", json["entity_id"])) {
            decide(self, json);
        }
    }

    fn order(&mut self, order: &Order) {
        let key = order.entity_id.to_string();
        match mapping::order(order, self.mapping, &self.scope).unwrap() {
            Decision::Book(booking) => {
                let command = booking.invoice;
                if let Some(before) = self.invoices.get(&command.key) {
                    assert_eq!(before, &command.predicted, "it would be booked differently now");
                } else {
                    self.refer(&command);
                    self.invoices.insert(command.key, command.predicted);
                }
                self.cancelled_part(order);
            }
            Decision::Skip { .. } if mapping::is_withdrawn(order) && self.invoices.contains_key(&key) => {
                if !self.credited.is_empty() {
                    self.cancelled_part(order);
                } else if self.released {
                    let note = mapping::cancellation(order, self.mapping).unwrap().credit_note;
                    self.notes.insert(note.key, note.predicted);
                } else {
                    self.invoices.remove(&key);
                }
            }
            Decision::Skip { .. } | Decision::Wait { .. } => {}
        }
    }

    fn cancelled_part(&mut self, order: &Order) {
        let notes = u32::try_from(self.credited.len()).unwrap();
        let before = self.credited.last().map(|order| Before { order, notes });
        match mapping::cancelled_part(order, before, self.mapping) {
            Ok(Some(part)) => {
                self.refer(&part.credit_note);
                let replaced = self.notes.insert(part.credit_note.key, part.credit_note.predicted);
                assert!(replaced.is_none(), "a credit note is never changed");
                self.credited.push(order.clone());
            }
            Ok(None) => {}
            Err(refusal) => {
                assert_eq!(refusal.code, Code::CancelledLess, "{refusal}");
                self.asked = true;
            }
        }
    }

    fn invoice(&mut self, json: &Value, order: &Order) {
        let invoice = commerce::invoice::Invoice::decode(json.to_string().as_bytes()).unwrap();
        if let Decision::Book(booked) = mapping::invoice(&invoice, order, self.mapping, &self.scope).unwrap()
            && let Invoiced::Booking(booking) = *booked
        {
            self.refer(&booking.invoice);
            self.invoices.insert(booking.invoice.key, booking.invoice.predicted);
        }
    }

    fn memo(&mut self, json: &Value, order: &Order) {
        let memo = commerce::creditmemo::CreditMemo::decode(json.to_string().as_bytes()).unwrap();
        let Decision::Book(refund) = mapping::credit_memo(&memo, order, self.mapping, &self.scope).unwrap() else {
            panic!("a credit memo is not booked");
        };
        if let mapping::Credits::Invoice(key) = &refund.credits {
            assert!(self.invoices.contains_key(key), "it waits for an invoice that does not come");
        }
        self.refer(&refund.credit_note);
        self.notes.insert(refund.credit_note.key, refund.credit_note.predicted);
    }

    fn refer(&mut self, command: &InvoiceCommand) {
        // Invoice and credit note are different documents in Visma, but a reference is ours once.
        assert!(self.references.insert(command.reference.clone()), "{} is taken", command.reference);
        assert_eq!(command.reference, command.invoice.external_reference);
    }

    /// Holds what stands against what the shop says is left.
    pub(super) fn hold(&self, sale: &Sale) -> Result<(), TestCaseError> {
        if self.asked || (self.invoices.is_empty() && self.notes.is_empty()) {
            return Ok(());
        }
        let (total, vat) = self.standing();
        let (wanted, wanted_vat) = left(sale, self.scope.trigger == Trigger::Invoiced);
        let json = sale.json();
        let order = Order::from_value(&json).unwrap();
        let trigger = self.scope.trigger;
        prop_assert_eq!(total, wanted, "total, {:?} of {:#}", trigger, json);
        prop_assert_eq!(&vat, &wanted_vat, "VAT, {:?} of {:#}", trigger, json);
        let account = mapping::account(&order, trigger == Trigger::Invoiced);
        prop_assert_eq!(account.total, wanted, "the account, {:?} of {:#}", trigger, json);
        prop_assert_eq!(account.vat, Some(wanted_vat.values().sum()), "the account's VAT, {:?} of {:#}", trigger, json);
        Ok(())
    }

    fn standing(&self) -> (Decimal, BTreeMap<&'static str, Decimal>) {
        let signed = self.invoices.values().map(|one| (Decimal::ONE, one));
        let signed = signed.chain(self.notes.values().map(|one| (-Decimal::ONE, one)));
        let (mut total, mut vat) = (Decimal::ZERO, BTreeMap::new());
        for (sign, predicted) in signed {
            total += sign * predicted.total;
            for one in &predicted.vat {
                let rate = match one.code.as_str() {
                    "3" => "25",
                    "31" => "15",
                    "33" => "12",
                    _ => "0",
                };
                *vat.entry(rate).or_default() += sign * one.vat;
            }
        }
        vat.retain(|_, vat: &mut Decimal| !vat.is_zero());
        (total, vat)
    }
}

/// Computes what the shop says is left of an order: its total, and VAT by rate.
fn left(sale: &Sale, by_invoices: bool) -> (Decimal, BTreeMap<&'static str, Decimal>) {
    let refunded = sale.refunded.unwrap_or_default();
    let billed = sale.invoiced.unwrap_or_default();
    // What is called cancelled and was, or is to be, paid on an invoice is a claim.
    let cancelled = sale.canceled.map(|canceled| canceled.min(sale.total - billed)).unwrap_or_default();
    let clipped = sale.canceled.is_some_and(|canceled| canceled > sale.total - billed);
    let by_item = |line: &super::shop::Line| {
        if by_invoices || sale.by_core || clipped { line.tax_billed() } else { line.tax() - line.tax_named() }
    };
    let by_item =
        |line: &super::shop::Line| if cancelled.is_zero() && !by_invoices { line.tax() } else { by_item(line) };
    let mut vat: BTreeMap<&'static str, Decimal> = BTreeMap::new();
    let mut add = |rate: i64, tax: Decimal| {
        let rate = match rate {
            25 => "25",
            15 => "15",
            12 => "12",
            _ => "0",
        };
        *vat.entry(rate).or_default() += tax;
    };
    for line in &sale.lines {
        add(line.rate, by_item(line));
    }
    let billed_only = by_invoices || (!cancelled.is_zero() && (sale.by_core || clipped));
    for (rate, tax) in sale.more_taxes(billed_only) {
        add(rate, tax);
    }
    if !billed_only && !cancelled.is_zero() {
        for (rate, tax) in sale.taxes_named() {
            add(rate, -tax);
        }
    }
    let void = sale.invoiced.is_none() && (by_invoices || cancelled == sale.total);
    let (rate, tax) = sale.shipping_tax();
    add(rate, if void { Decimal::ZERO } else { tax });
    for (rate, tax) in &sale.tax_refunded {
        add(*rate, -*tax);
    }
    vat.retain(|_, vat| !vat.is_zero());
    let total = if by_invoices { billed } else { sale.total - cancelled };
    (total - refunded, vat)
}
