//! From money lines to Visma's document: account, VAT code, dimensions, and amounts as Visma will add them up.

use commerce::order::Order;
use jiff::civil::Date;
use problem::Code;
use rust_decimal::Decimal;
use visma::invoice::{Invoice, InvoiceLine, Segment, TaxDetail};

use crate::customer::{describe, optional};
use crate::decision::{CustomerKey, InvoiceCommand, Predicted, Refusal, VatAmount};
use crate::document::{Document, DocumentKind};
use crate::facts;
use crate::fee;
use crate::file::{ClosedPeriod, Currency, Discount, ExchangeRate, Limits, Mapping, PinVat, VatCode};
use crate::money::{self, MoneyLine};
use crate::refusal::refuse;
use crate::rounding::{gap, round};
use crate::rules::{Facts, LineKind};
use crate::vat::{self, Settled, Taxed, VatRules};

/// Unit prices are sent with four places, as Visma shows them.
const PRICE_DECIMALS: u32 = 4;
/// Rates are sent with eight places, as Visma shows them.
const RATE_DECIMALS: u32 = 8;
/// Longest description that is sent; longer ones are cut.
const DESCRIPTION: usize = 250;

/// Head of a document of Visma's: the facts about the document as a whole.
#[derive(Debug)]
pub(crate) struct Head {
    /// Key of its record.
    pub(crate) key: String,
    /// Between prefix and number in our reference: nothing for orders, a letter for what else has numbers of its own.
    pub(crate) letter: &'static str,
    /// Its date.
    pub(crate) date: Date,
    pub(crate) text: String,
}

/// The document that Visma shall hold for one of Commerce's.
///
/// # Errors
/// When the document's money does not add up, when a rule is missing, or when the gap to the total is too large.
pub(crate) fn command(
    document: &Document<'_>,
    mapping: &Mapping,
    head: Head,
    customer: CustomerKey,
    (facts, currency): (&Facts<'_>, Currency),
) -> Result<InvoiceCommand, Refusal> {
    let order = document.order;
    let reference = reference(document, mapping, head.letter)?;
    let limits = mapping.limits(currency);
    let vat_facts = Facts { country: facts::tax_country(order, mapping).unwrap_or(facts.country), ..facts.clone() };
    let rules = VatRules { document, mapping, facts: &vat_facts, delivery: facts.country };
    let money = money::lines(document, &fee::of_document(document, &mapping.fees)?, limits)?;
    let settled = vat::settle(rules, limits, that_stay(money.lines))?;
    let tax = money.tax + settled.added;
    let (lines, taxed) = (Vec::new(), Vec::new());
    let mut draft = Draft { rules, facts, limits, decimals: currency.decimals, tax, lines, taxed };
    draft.write(&settled)?;
    let predicted = draft.close()?;
    let pinned = if draft.pins() { predicted.vat.iter().map(pin).collect() } else { Vec::new() };
    let invoice = Invoice {
        external_reference: reference.clone(),
        document_date: head.date.to_string(),
        financial_period: None,
        currency: order.order_currency_code.clone(),
        exchange_rate: exchange_rate(order, mapping, currency)?,
        credit_terms: optional(&mapping.terms, facts, order, Code::NoTerms, "credit terms")?,
        customer_reference: order.payment.as_ref().and_then(|payment| payment.po_number.clone()),
        text: head.text,
        note: note(order, &settled),
        branch: optional(&mapping.branches, facts, order, Code::NoBranch, "branch")?,
        vat_zone: optional(&mapping.vat_zones, facts, order, Code::NoVatZone, "VAT zone")?,
        hold: mapping.invoice.hold,
        lines: draft.lines,
        tax_details: pinned,
    };
    let next_open_period = mapping.invoice.closed_period == ClosedPeriod::NextOpen;
    Ok(InvoiceCommand { key: head.key, reference, customer, invoice, predicted, next_open_period })
}

fn pin(amount: &VatAmount) -> TaxDetail {
    TaxDetail { vat_code: amount.code.clone(), taxable: amount.taxable, vat: amount.vat }
}

pub(crate) fn reference(document: &Document<'_>, mapping: &Mapping, letter: &str) -> Result<String, Refusal> {
    let number = document.number.trim();
    if number.is_empty() {
        let (name, id) = (document.name().capital(), document.entity_id);
        let sentence = format!("{} with the entity_id {id} has no increment_id to refer to.", name.trim());
        return Err(refuse(Code::NoNumber, sentence));
    }
    Ok(format!("{}{letter}{number}", mapping.invoice.reference_prefix))
}

/// Units of the company's currency for one of the order's; `None` leaves the rate to Visma.
fn exchange_rate(order: &Order, mapping: &Mapping, currency: Currency) -> Result<Option<Decimal>, Refusal> {
    if currency.exchange_rate == ExchangeRate::Visma || order.order_currency_code == mapping.base_currency {
        return Ok(None);
    }
    let base = order.base_currency_code.as_deref().unwrap_or_default();
    let rate = order.base_to_order_rate.unwrap_or_default();
    let inverse = if rate > Decimal::ZERO { Decimal::ONE.checked_div(rate) } else { None };
    match inverse {
        Some(inverse) if base == mapping.base_currency => Ok(Some(
            inverse.round_dp_with_strategy(RATE_DECIMALS, rust_decimal::RoundingStrategy::MidpointAwayFromZero),
        )),
        _ => {
            let sentence = format!(
                "The exchange rate of order {} cannot be used: it is {rate} {} for one {base}, but the company keeps \
                 its books in {}.",
                order.increment_id, order.order_currency_code, mapping.base_currency
            );
            Err(refuse(Code::BaseCurrencyDiffers, sentence))
        }
    }
}

/// Writes the note that the accountant reads beside the lines: the coupon, and why the VAT of a line is none that its
/// rate makes.
fn note(order: &Order, settled: &Settled<'_>) -> Option<String> {
    let coupon = order.coupon_code.as_ref().map(|coupon| format!("Coupon {coupon}"));
    let reasons = settled.reasons.iter().map(|reason| format!("VAT of {reason}"));
    let notes: Vec<String> = coupon.into_iter().chain(reasons).collect();
    (!notes.is_empty()).then(|| notes.join(". "))
}

/// The lines that the document gets. Free items are left out, unless there is nothing else.
pub(crate) fn that_stay(mut lines: Vec<MoneyLine<'_>>) -> Vec<MoneyLine<'_>> {
    if !lines.iter().all(MoneyLine::is_free) {
        lines.retain(|line| !line.is_free());
    }
    lines
}

/// A document while it is written.
struct Draft<'a> {
    rules: VatRules<'a>,
    facts: &'a Facts<'a>,
    limits: Limits,
    decimals: u32,
    /// All tax that was charged.
    tax: Decimal,
    lines: Vec<InvoiceLine>,
    taxed: Vec<Taxed>,
}

impl<'a> Draft<'a> {
    /// Writes a line for each money line. Discounts go into it, or at the end into a line per VAT code; what of them
    /// the shop did not take off its taxed amounts, into a line outside of VAT.
    fn write(&mut self, settled: &Settled<'a>) -> Result<(), Refusal> {
        let Mapping { invoice, totals, .. } = self.rules.mapping;
        let own_lines = invoice.discount == Discount::Line;
        // Where Visma computes VAT from the lines, or may, they have to be what the shop taxed.
        let apart = totals.pin_vat != PinVat::Always || invoice.discount == Discount::OutsideVat;
        let (mut discounts, mut untaxed): (Vec<(MoneyLine<'a>, VatCode)>, _) = (Vec::new(), Decimal::ZERO);
        for (line, code) in &settled.lines {
            let aside = if apart { line.untaxed_discount } else { Decimal::ZERO };
            untaxed += aside;
            self.push(line, code.clone(), if own_lines { line.gross } else { line.net() + aside })?;
            let taxed = line.discount - aside;
            if !own_lines || taxed.is_zero() {
                continue;
            }
            match discounts.iter_mut().find(|(_, known)| known.code == code.code) {
                Some((sum, _)) => sum.gross -= taxed,
                None => {
                    let discount = self.discount(LineKind::Discount, taxed);
                    discounts.push((MoneyLine { rate: code.rate, country: line.country, ..discount }, code.clone()));
                }
            }
        }
        for (line, code) in discounts {
            self.push(&line, code, line.gross)?;
        }
        if !untaxed.is_zero() {
            let line = self.discount(LineKind::UntaxedDiscount, untaxed);
            let code = self.rules.code(&line)?;
            self.push(&line, code, -untaxed)?;
        }
        Ok(())
    }

    fn discount(&self, kind: LineKind, amount: Decimal) -> MoneyLine<'a> {
        let name = self.rules.document.order.discount_description.as_deref().unwrap_or("Discount");
        MoneyLine::single(kind, name, -amount)
    }

    fn push(&mut self, line: &MoneyLine<'a>, code: VatCode, amount: Decimal) -> Result<(), Refusal> {
        let amount = round(amount, self.decimals);
        let facts = self.rules.facts(line);
        let (quantity, unit_price, description) = priced(line, amount, self.decimals);
        self.lines.push(InvoiceLine {
            description,
            quantity,
            unit_price,
            amount,
            account: self.account(line, &facts)?,
            vat_code: code.code.clone(),
            // Dimensions are about the sale, and so about the country where it went.
            subaccount: self.subaccount(line, &Facts { country: self.facts.country, ..facts })?,
            branch: None,
        });
        self.taxed.push(Taxed { code, amount, charged: line.tax });
        Ok(())
    }

    /// Predicts VAT and total, and closes the gap to the document's total.
    fn close(&mut self) -> Result<Predicted, Refusal> {
        let total = round(self.rules.document.totals.grand_total, self.decimals);
        let vat: Decimal = self.vat()?.iter().map(|amount| amount.vat).sum();
        let lines: Decimal = self.lines.iter().map(|line| line.amount).sum();
        let name = (self.rules.document.name(), self.rules.document.currency());
        let rounding = gap(name, total, lines + vat, self.limits.rounding)?;
        if !rounding.is_zero() {
            let line = MoneyLine::single(LineKind::Rounding, "Rounding", rounding);
            let code = self.rules.code(&line)?;
            self.push(&line, code, rounding)?;
        }
        let charged = round(self.tax, self.decimals);
        Ok(Predicted { total, vat: self.vat()?, rounding, charged })
    }

    fn charged(&self) -> Vec<VatAmount> {
        vat::charged(&self.taxed, self.tax, self.decimals, || self.first())
    }

    fn computed(&self) -> Vec<VatAmount> {
        vat::computed(&self.taxed, self.rules.mapping.totals.vat_on, self.decimals)
    }

    /// Checks whether the VAT that was charged is set on the document.
    fn pins(&self) -> bool {
        match self.rules.mapping.totals.pin_vat {
            PinVat::Always => true,
            PinVat::Never => false,
            PinVat::Try => self.shows(&self.charged(), &self.computed()),
        }
    }

    /// Checks whether the document can show if Visma keeps VAT: charged and computed VAT differ, and the total is
    /// within the limit also if Visma does not keep it.
    fn shows(&self, charged: &[VatAmount], computed: &[VatAmount]) -> bool {
        let sum = |amounts: &[VatAmount]| amounts.iter().map(|amount| amount.vat).sum::<Decimal>();
        charged != computed && (sum(charged) - sum(computed)).abs() <= self.limits.rounding
    }

    /// VAT per code as it will stand in Visma.
    fn vat(&self) -> Result<Vec<VatAmount>, Refusal> {
        let (charged, pin_vat) = (self.charged(), self.rules.mapping.totals.pin_vat);
        if pin_vat == PinVat::Always {
            return Ok(charged);
        }
        let computed = self.computed();
        let differs =
            |(computed, charged): &(&VatAmount, &VatAmount)| (computed.vat - charged.vat).abs() > self.limits.vat;
        let Some((computed, charged)) = computed.iter().zip(&charged).find(differs) else {
            let tried = pin_vat == PinVat::Try && self.shows(&charged, &computed);
            return Ok(if tried { charged } else { computed });
        };
        let sentence = format!(
            "On {}, the shop charged {} {currency} of VAT that belongs to VAT code {}, but Visma computes {} {currency} \
             from {} {currency}. A difference of more than {} {currency} is not booked as rounding. It can be booked \
             where VAT is pinned (pin_vat = true).",
            self.rules.document.name(),
            charged.vat,
            charged.code,
            computed.vat,
            computed.taxable,
            self.limits.vat,
            currency = self.rules.document.currency(),
        );
        Err(refuse(Code::VatDiffers, sentence))
    }

    /// The VAT code that the order has most of, where the document is another one: what is left of its VAT by rounding
    /// stands there.
    fn first(&self) -> Option<String> {
        let document = self.rules.document;
        if document.kind == DocumentKind::Order {
            return None;
        }
        let mapping = self.rules.mapping;
        let whole = Document::of_order(document.order).ok()?;
        let rules = VatRules { document: &whole, ..self.rules };
        let money = money::lines(&whole, &fee::of_document(&whole, &mapping.fees).ok()?, self.limits).ok()?;
        let lines = vat::settle(rules, self.limits, that_stay(money.lines)).ok()?.lines.into_iter();
        let taxed = |(line, code): (MoneyLine<'_>, VatCode)| Taxed { code, amount: line.net(), charged: line.tax };
        vat::first(&lines.map(taxed).collect::<Vec<_>>(), self.decimals)
    }

    fn account(&self, line: &MoneyLine<'a>, facts: &Facts<'_>) -> Result<String, Refusal> {
        self.rules.mapping.accounts.find(facts).cloned().ok_or_else(|| {
            let item = line.kind == LineKind::Item;
            let sentence = format!(
                "No account rule of the mapping file matches {} on {} ({}).",
                line.name(),
                self.rules.document.name(),
                describe(facts)
            );
            refuse(if item { Code::UnknownSku } else { Code::NoAccount }, sentence)
        })
    }

    /// Every segment or none: Visma takes no part of a set.
    fn subaccount(&self, line: &MoneyLine<'a>, facts: &Facts<'_>) -> Result<Vec<Segment>, Refusal> {
        let segment = |(id, value): (u32, Option<&String>)| {
            value.map(|value| Segment { id, value: value.clone() }).ok_or_else(|| {
                let sentence = format!(
                    "No dimension rule of the mapping file gives segment {id} for {} on {} ({}).",
                    line.name(),
                    self.rules.document.name(),
                    describe(facts)
                );
                refuse(Code::NoDimension, sentence)
            })
        };
        self.rules.mapping.segments(facts).into_iter().map(segment).collect()
    }
}

/// Quantity, unit price and description, so that quantity × price is the amount.
///
/// Where no price of four places gives the amount (discounts, mostly), the line counts one and the description says
/// how many: a total that does not depend on how Visma multiplies is worth more than a nicer column.
fn priced(line: &MoneyLine<'_>, amount: Decimal, decimals: u32) -> (Decimal, Decimal, String) {
    let quantity = line.quantity.normalize();
    let price = amount.checked_div(quantity).map(|price| round(price, PRICE_DECIMALS).normalize());
    let (quantity, price, description) = match price {
        Some(price) if round(price * quantity, decimals) == amount => (quantity, price, line.description.clone()),
        _ => (Decimal::ONE, amount, format!("{quantity} × {}", line.description)),
    };
    (quantity, price, description.chars().take(DESCRIPTION).collect())
}
