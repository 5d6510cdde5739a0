//! The VAT rules of the mapping file, as they are asked about the lines of one document.

use problem::Code;
use rust_decimal::Decimal;

use crate::customer::describe;
use crate::decision::Refusal;
use crate::document::Document;
use crate::facts;
use crate::file::{Mapping, VatCode, VatException};
use crate::money::MoneyLine;
use crate::money::explain::Rounds;
use crate::refusal::refuse;
use crate::rules::{Facts, LineKind};

/// How far a percentage that a marketplace worked out backwards may be from the rate, in percentage points: 0.5.
const WORKED_OUT: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// Facts and rules that decide about the VAT of a document's lines.
#[derive(Clone, Copy)]
pub(crate) struct VatRules<'a> {
    pub(crate) document: &'a Document<'a>,
    pub(crate) mapping: &'a Mapping,
    /// The order's facts, with the country whose VAT its tax codes name.
    pub(crate) facts: &'a Facts<'a>,
    /// The country of the delivery, else of the bill.
    pub(crate) delivery: &'a str,
}

impl<'a> VatRules<'a> {
    /// The facts of a line.
    pub(crate) fn facts(&self, line: &MoneyLine<'a>) -> Facts<'a> {
        facts::of_line(self.document.order, self.mapping, self.facts, line)
    }

    /// The VAT code of a line.
    pub(crate) fn code(&self, line: &MoneyLine<'a>) -> Result<VatCode, Refusal> {
        let facts = self.facts(line);
        let name = self.document.name();
        let Some(code) = self.mapping.vat.find(&facts) else {
            let taxed = LineKind::SOLD.contains(&line.kind);
            let what = if taxed { Code::UnknownTaxRate } else { Code::NoVatCode };
            let sentence = format!(
                "No VAT rule of the mapping file matches {} at {} % on {name} ({}).",
                line.name(),
                line.rate.normalize(),
                describe(&facts)
            );
            return Err(refuse(what, sentence));
        };
        if code.rate != line.rate && !(line.net().is_zero() && line.tax.is_zero()) {
            let sentence = format!(
                "{} on {name} is taxed at {} % in the shop, but the rules choose VAT code {}, which is {} %.",
                line.name(),
                line.rate.normalize(),
                code.code,
                code.rate.normalize()
            );
            return Err(refuse(Code::VatRateDiffers, sentence));
        }
        Ok(code.clone())
    }

    /// Whose VAT a line is, where its tax codes say so.
    ///
    /// # Errors
    /// When they name two countries.
    pub(super) fn country(&self, line: &MoneyLine<'a>) -> Result<Option<&'a str>, Refusal> {
        let codes: Vec<&str> = line.tax_codes.iter().copied().filter(|code| !code.trim().is_empty()).collect();
        match facts::tax_countries(self.mapping, codes.iter().copied()).as_slice() {
            [] if codes.is_empty() => Ok(None),
            // Codes that the file does not know: the buyer's country decides, as it does without any.
            [] => Ok(Some(self.delivery)),
            [only] => Ok(Some(only)),
            several => {
                let sentence = format!(
                    "The tax codes of {} on {} ({}) are of several countries by the mapping file: {}.",
                    line.name(),
                    self.document.name(),
                    codes.join(", "),
                    several.join(", ")
                );
                Err(refuse(Code::NoCountry, sentence))
            }
        }
    }

    /// The rate of a line: as the shop shows it, or, where no rule knows that, the nearest one that a rule knows, if it
    /// explains the tax to the last decimal. Marketplaces work percentages out backwards, from rounded amounts.
    pub(super) fn rate(&self, line: &MoneyLine<'a>, unit: Decimal) -> Decimal {
        if line.tax.is_zero() || self.knows(line, line.rate) {
            return line.rate;
        }
        let distance = |rate: &Decimal| (*rate - line.rate).abs();
        let rates = self.mapping.vat.0.iter().map(|rule| rule.value.rate).filter(|rate| !rate.is_zero());
        let nearest = rates.filter(|rate| self.knows(line, *rate)).min_by_key(distance);
        let rounds = Rounds::of(line, unit);
        let explains = |rate: &Decimal| {
            [line.net(), line.gross].into_iter().any(|base| rounds.explains_closely(base, *rate, line.tax))
        };
        nearest.filter(|rate| distance(rate) <= WORKED_OUT).filter(explains).unwrap_or(line.rate)
    }

    /// Checks whether a rule has a VAT code of this rate for the line.
    fn knows(&self, line: &MoneyLine<'a>, rate: Decimal) -> bool {
        let facts = self.facts(&MoneyLine { rate, ..line.clone() });
        self.mapping.vat.find(&facts).is_some_and(|code| code.rate == rate)
    }

    /// How the file says that a line is booked whose tax its rate does not explain.
    pub(super) fn exception(&self, line: &MoneyLine<'a>) -> Option<&'a VatException> {
        let facts = self.facts(line);
        let speaks = |of: &VatException| of.documents.is_empty() || of.documents.contains(&self.document.kind);
        let mut rules = self.mapping.vat_exceptions.0.iter();
        rules.find(|rule| rule.when.holds(&facts) && speaks(&rule.value)).map(|rule| &rule.value)
    }
}
