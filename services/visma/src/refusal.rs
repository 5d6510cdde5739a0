//! Finds what a refusal of Visma's is about, so that an accountant knows what to do.
//!
//! Visma publishes no list of errors; there are sentences. Those that name a thing an accountant can act on get a code
//! of their own, found by the words in them; every other sentence is shown as it is.

use problem::Code;

/// Subject of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The financial period takes no documents.
    PeriodClosed,
    /// The VAT id does not exist, or not in the customer's VAT zone.
    VatCode,
    /// Segments of the subaccount are missing or unknown.
    Subaccount,
    /// The GL account does not exist or is not active.
    Account,
    /// The customer class does not exist.
    CustomerClass,
    /// The VAT zone does not exist.
    VatZone,
    /// There is no such customer.
    CustomerUnknown,
    /// The customer takes no documents.
    CustomerInactive,
    /// The currency is not set up.
    Currency,
    /// The branch does not exist.
    Branch,
    /// The credit terms do not exist.
    CreditTerms,
    /// The document is released, or is being released, and can no longer be changed.
    Released,
    /// The company has no licence for the API.
    Licence,
    /// The company id is missing, or this user has no access to the company.
    Company,
    /// The call was sent elsewhere: whatever answers there, the base URL is not the API's.
    Redirected,
    /// Anything else: the sentence must do.
    Other,
}

/// Words that must all be in the sentence, and what it is about then. The first that fits is taken, so the narrow ones
/// stand first: a subaccount is no account.
const SENTENCES: &[(&[&str], Refusal)] = &[
    (&["already released"], Refusal::Released),
    (&["being released"], Refusal::Released),
    (&["licen"], Refusal::Licence),
    (&["company", "id", "missing"], Refusal::Company),
    (&["not authori", "company"], Refusal::Company),
    (&["period", "closed"], Refusal::PeriodClosed),
    (&["period", "inactive"], Refusal::PeriodClosed),
    (&["period", "not active"], Refusal::PeriodClosed),
    (&["period", "not open"], Refusal::PeriodClosed),
    (&["period", "locked"], Refusal::PeriodClosed),
    (&["period", "cannot be found"], Refusal::PeriodClosed),
    (&["period", "not defined"], Refusal::PeriodClosed),
    (&["subaccount"], Refusal::Subaccount),
    (&["sub account"], Refusal::Subaccount),
    (&["segment"], Refusal::Subaccount),
    (&["taxid"], Refusal::VatCode),
    (&["taxcategory"], Refusal::VatCode),
    (&["vat code"], Refusal::VatCode),
    (&["vatcode"], Refusal::VatCode),
    (&["vat id"], Refusal::VatCode),
    (&["tax category"], Refusal::VatCode),
    (&["taxzone"], Refusal::VatZone),
    (&["vat zone", "cannot be found"], Refusal::VatZone),
    (&["customerclass"], Refusal::CustomerClass),
    (&["customer class"], Refusal::CustomerClass),
    (&["customer", "cannot be found"], Refusal::CustomerUnknown),
    (&["customer", "not found"], Refusal::CustomerUnknown),
    (&["customer", "does not exist"], Refusal::CustomerUnknown),
    (&["customer", "inactive"], Refusal::CustomerInactive),
    (&["customer", "not active"], Refusal::CustomerInactive),
    (&["customer", "on hold"], Refusal::CustomerInactive),
    (&["customer", "credit hold"], Refusal::CustomerInactive),
    (&["customer", "status"], Refusal::CustomerInactive),
    (&["credit terms"], Refusal::CreditTerms),
    (&["credittermsid"], Refusal::CreditTerms),
    (&["termsid"], Refusal::CreditTerms),
    (&["branch", "cannot be found"], Refusal::Branch),
    (&["branch", "not found"], Refusal::Branch),
    (&["branch", "does not exist"], Refusal::Branch),
    (&["branch", "inactive"], Refusal::Branch),
    (&["account", "cannot be found"], Refusal::Account),
    (&["account", "not found"], Refusal::Account),
    (&["account", "does not exist"], Refusal::Account),
    (&["account", "inactive"], Refusal::Account),
    (&["account", "not active"], Refusal::Account),
    (&["currency"], Refusal::Currency),
    (&["curyid"], Refusal::Currency),
];

impl Refusal {
    /// From Visma's sentence.
    #[must_use]
    pub fn of(message: &str) -> Self {
        let lower = message.to_lowercase();
        // `Error creating customer invoice. Error: …`: what stands before the last one names the attempt, not the
        // cause.
        let cause = lower.rsplit("error:").find(|part| !part.trim().is_empty()).unwrap_or_default();
        let fits = |words: &[&str]| words.iter().all(|word| cause.contains(word));
        SENTENCES.iter().find(|(words, _)| fits(words)).map_or(Self::Other, |(_, refusal)| *refusal)
    }

    /// The code of the runbook page.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::PeriodClosed => Code::VismaPeriodClosed,
            Self::VatCode => Code::VismaVatCodeUnknown,
            Self::Subaccount => Code::VismaSubaccountIncomplete,
            Self::Account => Code::VismaAccountUnknown,
            Self::CustomerClass => Code::VismaCustomerClassUnknown,
            Self::VatZone => Code::VismaVatZoneUnknown,
            Self::CustomerUnknown => Code::VismaCustomerUnknown,
            Self::CustomerInactive => Code::VismaCustomerInactive,
            Self::Currency => Code::VismaCurrencyUnknown,
            Self::Branch => Code::VismaBranchUnknown,
            Self::CreditTerms => Code::VismaCreditTermsUnknown,
            Self::Released => Code::VismaAlreadyReleased,
            Self::Licence => Code::VismaNoLicence,
            Self::Company => Code::VismaCompanyRefused,
            Self::Redirected => Code::VismaRedirected,
            Self::Other => Code::VismaRefused,
        }
    }

    /// Tells an accountant what to do.
    #[must_use]
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::PeriodClosed => {
                "Open the financial period for customer documents; or set closed_period = \"next_open\" under [invoice] in \
                 the mapping file, which posts such documents in the next open one."
            }
            Self::VatCode => {
                "Look at the VAT zone of the country of delivery ([[vat_zone]] in the mapping file; without a rule it is the \
                 customer's own): add the VAT code to it in Visma, or correct the zone or the code in the mapping file."
            }
            Self::Subaccount => "Give every segment of the subaccount a value that exists in Visma, in the mapping.",
            Self::Account => "Create or activate the GL account in Visma, or choose another one in the mapping.",
            Self::CustomerClass => "Create the customer class in Visma, or choose another one in the mapping.",
            Self::VatZone => "Create the VAT zone in Visma, or choose another one in the mapping.",
            Self::CustomerUnknown => "Look whether the customer was renumbered or removed in Visma.",
            Self::CustomerInactive => "Set the customer active in Visma, or merge it with the one that is in use.",
            Self::Currency => "Set up the currency and its rate in Visma.",
            Self::Branch => "Correct the branch in the mapping.",
            Self::CreditTerms => "Correct the credit terms in the mapping.",
            Self::Released => "The document is released: it can only be credited.",
            Self::Licence => "Have Visma activate the company's licence for the API.",
            Self::Company => "Check the company id, and that the integration has access to this company.",
            Self::Redirected => "Check visma.base_url: Visma's API redirects nobody, a gateway in front of it may.",
            Self::Other => "Correct what Visma's sentence names.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_told_apart_by_their_cause() {
        let of = |text: &str| Refusal::of(text);
        let found = "VismaId: 1f. Error creating customer invoice. Error: TaxID '01' cannot be found in the system.";
        assert_eq!(of(found), Refusal::VatCode);
        assert_eq!(
            of("Error creating document. Error: TaxCategoryID '0' cannot be found in the system."),
            Refusal::VatCode
        );
        assert_eq!(of("Error: Financial period 11-2026 is closed in the company."), Refusal::PeriodClosed);
        assert_eq!(of("Error: Subaccount '00-000' cannot be found in the system."), Refusal::Subaccount);
        assert_eq!(of("Error: Account '9999' cannot be found in the system."), Refusal::Account);
        assert_eq!(
            of("Error creating document. Error: Customer '10' cannot be found in the system."),
            Refusal::CustomerUnknown
        );
        assert_eq!(
            of("Error creating customer. Error: CustomerClassID 'B2B' cannot be found in the system."),
            Refusal::CustomerClass
        );
        assert_eq!(of("Error: TaxZoneID '09' cannot be found in the system."), Refusal::VatZone);
        assert_eq!(of("The customer status is 'Inactive'."), Refusal::CustomerInactive);
        assert_eq!(of("No license for this company."), Refusal::Licence);
        assert_eq!(of("Payment can't be updated because it is already released."), Refusal::Released);
        assert_eq!(of("Invoice can't be released because it is being released."), Refusal::Released);
        assert_eq!(of("AdjdRefNbr '000225' cannot be found in the system."), Refusal::Other);
        assert_eq!(of("Error: "), Refusal::Other);
        assert_eq!(of(""), Refusal::Other);
    }
}
