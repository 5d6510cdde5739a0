//! Remedies for refusals: only what can really be done, with keys that the mapping file has.

use problem::Code;

use crate::decision::{Refusal, ToDo};

/// A rule is missing or chooses wrongly.
const RULE: ToDo = ToDo::ThenAgain("add the rule to the mapping file, or correct it, and restart the mapper");
/// Something in a total has no name.
const FEE: ToDo = ToDo::ThenAgain(
    "find in the shop what the difference is. Book the document in Visma by hand; or, where a module shows the difference \
     in a field of its own, name that field in a [[fee]] rule of the mapping file and restart the mapper",
);
/// A tax that stands on no line.
const FEE_TAX: ToDo = ToDo::ThenAgain(
    "find in the shop what the tax is on. Book the document in Visma by hand; or, where a module shows the tax in a field \
     of its own, name that field as `tax` in a [[fee]] rule of the mapping file and restart the mapper",
);
/// A rate that no rule has, or that the shop does not say.
const RATE: ToDo = ToDo::ThenAgain(
    "where the sentence names a rate and it is right, add it to the VAT rules of the mapping file and restart the mapper; \
     where the shop says no rate, book the document in Visma by hand",
);
const ROUNDING: ToDo = ToDo::ThenAgain(
    "find in the shop what the difference is, and book the document in Visma by hand; or, if it is rounding to you, raise \
     `rounding_limit` in the mapping file, for all ([totals]) or for the currency, and restart the mapper",
);
const VAT: ToDo = ToDo::ThenAgain(
    "book the document in Visma by hand; or, where your company lets VAT amounts be set, write `pin_vat = true` in the \
     mapping file and restart the mapper",
);
const EXCHANGE_RATE: ToDo = ToDo::ThenAgain(
    "take `exchange_rate = \"order\"` away from the currency in the mapping file, so that Visma's own rate counts, and \
     restart the mapper",
);
/// A document that no shop makes by itself.
const STRANGE: ToDo = ToDo::ByHand(
    "look at the document over the API, and find out which module or import wrote it; book it in Visma by hand, or cancel \
     it in Commerce",
);
/// Something that the shop's people can complete.
const ADDRESS: ToDo = ToDo::ByHand(
    "complete the order in Commerce (Sales > Orders > the order > Edit address), then put it on hold and release it, so that \
     it is read again; or book it in Visma by hand",
);

impl Refusal {
    /// Tells an accountant what to do about it.
    #[must_use]
    pub fn what_to_do(&self) -> ToDo {
        match self.code {
            Code::UnknownSku
            | Code::NoAccount
            | Code::NoVatCode
            | Code::NoBranch
            | Code::NoCustomerClass
            | Code::NoTerms
            | Code::NoVatZone
            | Code::NoDimension
            | Code::UnknownCurrency
            | Code::UnknownPaymentMethod
            | Code::UnknownStore
            | Code::VatRateDiffers
            | Code::FeeUnreadable => RULE,
            Code::TotalDoesNotAddUp | Code::LinesDoNotAddUp => FEE,
            Code::TaxDoesNotAddUp => FEE_TAX,
            Code::UnknownTaxRate => RATE,
            Code::RoundingAboveLimit => ROUNDING,
            Code::VatDiffers => VAT,
            Code::BaseCurrencyDiffers => EXCHANGE_RATE,
            Code::NoEmail | Code::NoCountry => ADDRESS,
            Code::NegativeTotal => ToDo::ByHand("do in Visma what the sentence says; nothing is booked by itself"),
            Code::CancelledLess => ToDo::ByHand(
                "if the units were delivered, write an invoice for the difference in Visma; if not, credit the shop's invoice \
                 there, and its credit memo is booked by itself",
            ),
            Code::UnknownState => ToDo::ByHand(
                "have the module that added the state assign its statuses to one of Commerce's own; the order is decided \
                 on by itself when it moves on to one",
            ),
            Code::AmountOutOfRange
            | Code::FixedProductTaxUnreadable
            | Code::LineNotOnOrder
            | Code::NoDate
            | Code::NoNumber
            | Code::OrderWithoutItems => STRANGE,
            _ => ToDo::ThenAgain("do what the runbook page of the code says"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::REFUSALS;

    #[test]
    fn every_refusal_has_a_remedy_of_its_kind() {
        for code in REFUSALS {
            let what = Refusal { code, sentence: String::new() }.what_to_do();
            assert_ne!(what, ToDo::ThenAgain("do what the runbook page of the code says"), "{code}");
        }
    }

    #[test]
    fn remedies_name_keys_that_the_mapping_file_has() {
        for code in REFUSALS {
            let (ToDo::ThenAgain(text) | ToDo::ByHand(text)) = Refusal { code, sentence: String::new() }.what_to_do();
            let keys = text.split('`').skip(1).step_by(2).map(|key| key.split(' ').next().unwrap_or_default());
            for key in keys {
                assert!(crate::DEFAULT.contains(&format!("{key} ")), "{code}: {key}");
            }
            assert!(!text.contains("[[") || crate::DEFAULT.contains("[[fee]]"), "{code}");
        }
    }
}
