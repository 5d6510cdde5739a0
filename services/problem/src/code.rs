//! Every code that a person can meet, in one table: its text, who must act on it, and the exit code of a verb that
//! fails with it.
//!
//! A new code is a line here and a page in `deploy/runbook`; a test holds that both are there. A code that goes out of
//! use leaves the table: what older versions wrote down with it is read as [`Code::CodeUnknown`], see [`Code::read`].

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The role that must act on a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Decides what the books shall say, in Visma or in the mapping file.
    Accountant,
    /// Connects the two systems: credentials, rights, settings, webhooks, modules of the shop.
    Integrator,
    /// Runs the services, the broker and the network between them.
    Operations,
    /// Nothing is wrong: it says why nothing was done.
    Nobody,
}

impl Class {
    /// The word on runbook pages and in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accountant => "accountant",
            Self::Integrator => "integrator",
            Self::Operations => "operations",
            Self::Nobody => "nobody",
        }
    }
}

/// A text that is no code of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no code of this version")]
pub struct UnknownCode(pub String);

macro_rules! codes {
    ($($variant:ident => $text:literal, $class:ident, $exit:literal;)*) => {
        /// A code: the name of a page in `deploy/runbook`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!("`deploy/runbook/", $text, ".md`")] $variant,)*
        }

        impl Code {
            /// Each code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The text that people and programs see.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Returns the role that must act.
            #[must_use]
            pub fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// The exit code of a verb that fails with it. 69 and 78 are `EX_UNAVAILABLE` and `EX_CONFIG` of
            /// sysexits.h: somebody is away and a restart may help, or a person must correct something first.
            #[must_use]
            pub fn exit(self) -> u8 {
                match self { $(Self::$variant => $exit,)* }
            }
        }

        impl FromStr for Code {
            type Err = UnknownCode;

            fn from_str(text: &str) -> Result<Self, UnknownCode> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(UnknownCode(text.to_owned())) }
            }
        }
    };
}

codes! {
    AccountDiffers => "ACCOUNT_DIFFERS", Accountant, 1;
    AccountUnbalanced => "ACCOUNT_UNBALANCED", Accountant, 1;
    AdminPort => "ADMIN_PORT", Operations, 78;
    AmountOutOfRange => "AMOUNT_OUT_OF_RANGE", Accountant, 1;
    ArchiveDamaged => "ARCHIVE_DAMAGED", Operations, 1;
    ArchiveDiffers => "ARCHIVE_DIFFERS", Operations, 1;
    ArchiveForbidden => "ARCHIVE_FORBIDDEN", Operations, 78;
    ArchiveNotEmpty => "ARCHIVE_NOT_EMPTY", Operations, 78;
    ArchiveTooRecent => "ARCHIVE_TOO_RECENT", Operations, 78;
    ArchiveUnwritable => "ARCHIVE_UNWRITABLE", Operations, 78;
    AttributeNotKept => "ATTRIBUTE_NOT_KEPT", Integrator, 78;
    AttributeTaken => "ATTRIBUTE_TAKEN", Integrator, 1;
    BackfillInterrupted => "BACKFILL_INTERRUPTED", Operations, 78;
    BackfillRange => "BACKFILL_RANGE", Operations, 78;
    BaseCurrencyDiffers => "BASE_CURRENCY_DIFFERS", Accountant, 1;
    BeforeGoLive => "BEFORE_GO_LIVE", Nobody, 1;
    BehindHorizon => "BEHIND_HORIZON", Nobody, 1;
    BookedByInvoices => "BOOKED_BY_INVOICES", Nobody, 1;
    BrokerAway => "BROKER_AWAY", Operations, 69;
    BrokerNotConfirmed => "BROKER_NOT_CONFIRMED", Operations, 69;
    BrokerNotProvisioned => "BROKER_NOT_PROVISIONED", Operations, 78;
    BrokerProvision => "BROKER_PROVISION", Operations, 78;
    BrokerRefused => "BROKER_REFUSED", Operations, 78;
    BrokerSetBack => "BROKER_SET_BACK", Operations, 78;
    BrokerTooOld => "BROKER_TOO_OLD", Operations, 78;
    CancelledAfterRelease => "CANCELLED_AFTER_RELEASE", Accountant, 1;
    CancelledLess => "CANCELLED_LESS", Accountant, 1;
    ChangedAfterBooking => "CHANGED_AFTER_BOOKING", Accountant, 1;
    ChangeContended => "CHANGE_CONTENDED", Operations, 1;
    ChangeUnanswered => "CHANGE_UNANSWERED", Accountant, 1;
    ChangeUnreadable => "CHANGE_UNREADABLE", Operations, 1;
    ClockSkew => "CLOCK_SKEW", Operations, 78;
    CodeUnknown => "CODE_UNKNOWN", Operations, 1;
    CommandMissing => "COMMAND_MISSING", Operations, 1;
    CommandUnreadable => "COMMAND_UNREADABLE", Operations, 1;
    CommentsOff => "COMMENTS_OFF", Nobody, 1;
    CommentNoOrder => "COMMENT_NO_ORDER", Accountant, 1;
    CommentRefused => "COMMENT_REFUSED", Integrator, 1;
    CommerceAway => "COMMERCE_AWAY", Operations, 69;
    CommerceBroken => "COMMERCE_BROKEN", Operations, 69;
    CommerceClock => "COMMERCE_CLOCK", Operations, 78;
    CommerceForbidden => "COMMERCE_FORBIDDEN", Integrator, 78;
    CommerceImsRefused => "COMMERCE_IMS_REFUSED", Integrator, 78;
    CommerceLoginRefused => "COMMERCE_LOGIN_REFUSED", Integrator, 78;
    CommerceRefused => "COMMERCE_REFUSED", Integrator, 78;
    CommerceSecondFactor => "COMMERCE_SECOND_FACTOR", Integrator, 78;
    CommerceUnauthorised => "COMMERCE_UNAUTHORISED", Integrator, 78;
    CommerceUnreadable => "COMMERCE_UNREADABLE", Integrator, 78;
    ConnectionsClash => "CONNECTIONS_CLASH", Integrator, 78;
    ConnectionNotNamed => "CONNECTION_NOT_NAMED", Operations, 2;
    ConnectionTaken => "CONNECTION_TAKEN", Operations, 78;
    ConnectionUnknown => "CONNECTION_UNKNOWN", Operations, 2;
    CredentialsIncomplete => "CREDENTIALS_INCOMPLETE", Integrator, 78;
    CredentialsInput => "CREDENTIALS_INPUT", Integrator, 78;
    CredentialsNone => "CREDENTIALS_NONE", Integrator, 78;
    CredentialsNotTried => "CREDENTIALS_NOT_TRIED", Operations, 69;
    CredentialsRefused => "CREDENTIALS_REFUSED", Integrator, 78;
    CredentialsStand => "CREDENTIALS_STAND", Integrator, 78;
    CredentialsUnreadable => "CREDENTIALS_UNREADABLE", Operations, 78;
    CreditNoteMissing => "CREDIT_NOTE_MISSING", Accountant, 1;
    CreditNoteRefused => "CREDIT_NOTE_REFUSED", Accountant, 1;
    CurrencyDiffers => "CURRENCY_DIFFERS", Accountant, 1;
    CursorFailed => "CURSOR_FAILED", Operations, 69;
    CustomerAmbiguous => "CUSTOMER_AMBIGUOUS", Accountant, 1;
    CustomerDiffers => "CUSTOMER_DIFFERS", Accountant, 1;
    CustomerMissing => "CUSTOMER_MISSING", Operations, 1;
    CustomerNumberTaken => "CUSTOMER_NUMBER_TAKEN", Accountant, 1;
    CustomerRefused => "CUSTOMER_REFUSED", Accountant, 1;
    CustomerWaits => "CUSTOMER_WAITS", Nobody, 1;
    CustomerWithoutOrder => "CUSTOMER_WITHOUT_ORDER", Nobody, 1;
    DateDiffers => "DATE_DIFFERS", Accountant, 1;
    DocumentGone => "DOCUMENT_GONE", Accountant, 1;
    DocumentUnknown => "DOCUMENT_UNKNOWN", Accountant, 1;
    DuplicateDocument => "DUPLICATE_DOCUMENT", Accountant, 1;
    ErasureFailed => "ERASURE_FAILED", Operations, 78;
    ErasurePerson => "ERASURE_PERSON", Operations, 78;
    FeeUnreadable => "FEE_UNREADABLE", Accountant, 1;
    FixedProductTaxUnreadable => "FIXED_PRODUCT_TAX_UNREADABLE", Accountant, 1;
    HorizonUnreadable => "HORIZON_UNREADABLE", Operations, 78;
    HttpClient => "HTTP_CLIENT", Operations, 78;
    InvoiceMissing => "INVOICE_MISSING", Accountant, 1;
    InvoiceRefused => "INVOICE_REFUSED", Accountant, 1;
    InDoubtUnresolved => "IN_DOUBT_UNRESOLVED", Operations, 1;
    LinesDoNotAddUp => "LINES_DO_NOT_ADD_UP", Accountant, 1;
    LineNotOnOrder => "LINE_NOT_ON_ORDER", Accountant, 1;
    LoginUnanswered => "LOGIN_UNANSWERED", Integrator, 78;
    MappingDiffers => "MAPPING_DIFFERS", Accountant, 78;
    MappingInvalid => "MAPPING_INVALID", Accountant, 78;
    MappingNotCompared => "MAPPING_NOT_COMPARED", Operations, 78;
    MappingUnanswered => "MAPPING_UNANSWERED", Accountant, 78;
    MappingUnreadable => "MAPPING_UNREADABLE", Operations, 78;
    MappingUnwritable => "MAPPING_UNWRITABLE", Operations, 78;
    MessageTooLarge => "MESSAGE_TOO_LARGE", Integrator, 1;
    NegativeTotal => "NEGATIVE_TOTAL", Accountant, 1;
    NothingToCredit => "NOTHING_TO_CREDIT", Accountant, 1;
    NotNoted => "NOT_NOTED", Nobody, 1;
    NotReleased => "NOT_RELEASED", Accountant, 1;
    NoAccount => "NO_ACCOUNT", Accountant, 1;
    NoBranch => "NO_BRANCH", Accountant, 1;
    NoCountry => "NO_COUNTRY", Accountant, 1;
    NoCustomerClass => "NO_CUSTOMER_CLASS", Accountant, 1;
    NoDate => "NO_DATE", Accountant, 1;
    NoDimension => "NO_DIMENSION", Accountant, 1;
    NoEmail => "NO_EMAIL", Accountant, 1;
    NoNumber => "NO_NUMBER", Accountant, 1;
    NoTerms => "NO_TERMS", Accountant, 1;
    NoVatCode => "NO_VAT_CODE", Accountant, 1;
    NoVatZone => "NO_VAT_ZONE", Accountant, 1;
    NoVersion => "NO_VERSION", Integrator, 1;
    OrderMissing => "ORDER_MISSING", Accountant, 1;
    OrderUnreadable => "ORDER_UNREADABLE", Integrator, 1;
    OrderWithoutItems => "ORDER_WITHOUT_ITEMS", Accountant, 1;
    OutcomeUnreadable => "OUTCOME_UNREADABLE", Operations, 78;
    OutOfScope => "OUT_OF_SCOPE", Nobody, 1;
    PersonErased => "PERSON_ERASED", Operations, 1;
    PingClock => "PING_CLOCK", Operations, 78;
    PingConnect => "PING_CONNECT", Operations, 69;
    PingDns => "PING_DNS", Operations, 69;
    PingNoAnswer => "PING_NO_ANSWER", Operations, 69;
    PingTls => "PING_TLS", Operations, 69;
    PinsNotKept => "PINS_NOT_KEPT", Accountant, 1;
    PollFailed => "POLL_FAILED", Operations, 69;
    PollUnanswered => "POLL_UNANSWERED", Operations, 69;
    PollUnknown => "POLL_UNKNOWN", Operations, 78;
    ProgramError => "PROGRAM_ERROR", Integrator, 1;
    PurchaseOrderMissing => "PURCHASE_ORDER_MISSING", Integrator, 1;
    RecordBroken => "RECORD_BROKEN", Integrator, 1;
    RecordMoved => "RECORD_MOVED", Operations, 1;
    RecordNotFound => "RECORD_NOT_FOUND", Operations, 1;
    RecordUnreadable => "RECORD_UNREADABLE", Integrator, 1;
    ReferenceRemoved => "REFERENCE_REMOVED", Accountant, 1;
    ReferenceTaken => "REFERENCE_TAKEN", Accountant, 1;
    ReleasedDocumentChanged => "RELEASED_DOCUMENT_CHANGED", Accountant, 1;
    ReleaseFailed => "RELEASE_FAILED", Accountant, 1;
    RoundingAboveLimit => "ROUNDING_ABOVE_LIMIT", Accountant, 1;
    ScopeNoGoLive => "SCOPE_NO_GO_LIVE", Accountant, 78;
    ServesNoOrder => "SERVES_NO_ORDER", Nobody, 1;
    SettingsIncomplete => "SETTINGS_INCOMPLETE", Integrator, 78;
    SettingsInvalid => "SETTINGS_INVALID", Integrator, 78;
    SettingsUnreadable => "SETTINGS_UNREADABLE", Operations, 78;
    StateSkipped => "STATE_SKIPPED", Nobody, 1;
    StateWaits => "STATE_WAITS", Nobody, 1;
    StreamFills => "STREAM_FILLS", Operations, 78;
    SubjectUnknown => "SUBJECT_UNKNOWN", Operations, 78;
    Superseded => "SUPERSEDED", Nobody, 1;
    SupersededInDoubt => "SUPERSEDED_IN_DOUBT", Accountant, 1;
    TaxDoesNotAddUp => "TAX_DOES_NOT_ADD_UP", Accountant, 1;
    Telemetry => "TELEMETRY", Operations, 78;
    TotalDiffers => "TOTAL_DIFFERS", Accountant, 1;
    TotalDoesNotAddUp => "TOTAL_DOES_NOT_ADD_UP", Accountant, 1;
    TriggerWaits => "TRIGGER_WAITS", Nobody, 1;
    UnknownCurrency => "UNKNOWN_CURRENCY", Accountant, 1;
    UnknownPaymentMethod => "UNKNOWN_PAYMENT_METHOD", Accountant, 1;
    UnknownReference => "UNKNOWN_REFERENCE", Accountant, 1;
    UnknownSku => "UNKNOWN_SKU", Accountant, 1;
    UnknownState => "UNKNOWN_STATE", Accountant, 1;
    UnknownStore => "UNKNOWN_STORE", Accountant, 1;
    UnknownTaxRate => "UNKNOWN_TAX_RATE", Accountant, 1;
    UpdateContended => "UPDATE_CONTENDED", Accountant, 1;
    Usage => "USAGE", Operations, 2;
    VatDiffers => "VAT_DIFFERS", Accountant, 1;
    VatDiffersInVisma => "VAT_DIFFERS_IN_VISMA", Accountant, 1;
    VatRateDiffers => "VAT_RATE_DIFFERS", Accountant, 1;
    VaultBadMasterKey => "VAULT_BAD_MASTER_KEY", Operations, 78;
    VaultChangeFailed => "VAULT_CHANGE_FAILED", Operations, 69;
    VaultChangeUnderWay => "VAULT_CHANGE_UNDER_WAY", Operations, 78;
    VaultNoMasterKey => "VAULT_NO_MASTER_KEY", Operations, 78;
    VaultOldMasterKey => "VAULT_OLD_MASTER_KEY", Operations, 78;
    VaultUnusable => "VAULT_UNUSABLE", Operations, 78;
    VerificationIncomplete => "VERIFICATION_INCOMPLETE", Accountant, 1;
    ViewNotKept => "VIEW_NOT_KEPT", Operations, 69;
    VismaAccountUnknown => "VISMA_ACCOUNT_UNKNOWN", Accountant, 1;
    VismaAlreadyReleased => "VISMA_ALREADY_RELEASED", Accountant, 1;
    VismaAway => "VISMA_AWAY", Operations, 69;
    VismaBranchUnknown => "VISMA_BRANCH_UNKNOWN", Accountant, 1;
    VismaBroken => "VISMA_BROKEN", Accountant, 69;
    VismaBusy => "VISMA_BUSY", Operations, 69;
    VismaClientRefused => "VISMA_CLIENT_REFUSED", Integrator, 78;
    VismaCompanyEmpty => "VISMA_COMPANY_EMPTY", Integrator, 78;
    VismaCompanyRefused => "VISMA_COMPANY_REFUSED", Integrator, 78;
    VismaCreditTermsUnknown => "VISMA_CREDIT_TERMS_UNKNOWN", Accountant, 1;
    VismaCurrencyUnknown => "VISMA_CURRENCY_UNKNOWN", Accountant, 1;
    VismaCustomerClassUnknown => "VISMA_CUSTOMER_CLASS_UNKNOWN", Accountant, 1;
    VismaCustomerInactive => "VISMA_CUSTOMER_INACTIVE", Accountant, 1;
    VismaCustomerUnknown => "VISMA_CUSTOMER_UNKNOWN", Accountant, 1;
    VismaForbidden => "VISMA_FORBIDDEN", Integrator, 78;
    VismaNotFound => "VISMA_NOT_FOUND", Integrator, 78;
    VismaNoLicence => "VISMA_NO_LICENCE", Integrator, 78;
    VismaPeriodClosed => "VISMA_PERIOD_CLOSED", Accountant, 1;
    VismaRedirected => "VISMA_REDIRECTED", Integrator, 78;
    VismaRefused => "VISMA_REFUSED", Accountant, 78;
    VismaScopeRefused => "VISMA_SCOPE_REFUSED", Integrator, 78;
    VismaStale => "VISMA_STALE", Accountant, 1;
    VismaSubaccountIncomplete => "VISMA_SUBACCOUNT_INCOMPLETE", Accountant, 1;
    VismaTenantRefused => "VISMA_TENANT_REFUSED", Integrator, 78;
    VismaTokenRefused => "VISMA_TOKEN_REFUSED", Integrator, 78;
    VismaUnauthorised => "VISMA_UNAUTHORISED", Integrator, 78;
    VismaUnreadable => "VISMA_UNREADABLE", Integrator, 78;
    VismaVatCodeUnknown => "VISMA_VAT_CODE_UNKNOWN", Accountant, 1;
    VismaVatZoneUnknown => "VISMA_VAT_ZONE_UNKNOWN", Accountant, 1;
    WebhookDoor => "WEBHOOK_DOOR", Integrator, 78;
    WebhookIncomplete => "WEBHOOK_INCOMPLETE", Operations, 1;
    WebhookKeyAway => "WEBHOOK_KEY_AWAY", Operations, 1;
    WebhookLost => "WEBHOOK_LOST", Integrator, 1;
    WebhookNotKept => "WEBHOOK_NOT_KEPT", Operations, 1;
    WebhookRecipient => "WEBHOOK_RECIPIENT", Integrator, 1;
    WebhookSignature => "WEBHOOK_SIGNATURE", Integrator, 1;
    WebhookTooLarge => "WEBHOOK_TOO_LARGE", Integrator, 1;
    WebhookUnreadable => "WEBHOOK_UNREADABLE", Integrator, 1;
    ZeroTotal => "ZERO_TOTAL", Nobody, 1;
}

impl Code {
    /// A code and its sentence as another process wrote them down. A code that this version does not know opens the
    /// sentence, so that its text is not lost.
    #[must_use]
    pub fn read(code: &str, sentence: String) -> (Self, String) {
        match code.parse() {
            Ok(code) => (code, sentence),
            Err(_) => (Self::CodeUnknown, format!("{code}: {sentence}")),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_the_name_of_its_variant_and_is_read_back() {
        for code in Code::ALL {
            let letters = |text: &str| text.replace('_', "").to_lowercase();
            assert_eq!(letters(code.as_str()), letters(&format!("{code:?}")));
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
        assert!(Code::ALL.is_sorted_by_key(|code| code.as_str()), "the table is in order of its texts");
    }

    #[test]
    fn a_code_of_another_version_keeps_its_text() {
        assert_eq!(Code::read("NO_EMAIL", "none".to_owned()), (Code::NoEmail, "none".to_owned()));
        let (code, sentence) = Code::read("OF_LATER", "why".to_owned());
        assert_eq!((code, sentence.as_str()), (Code::CodeUnknown, "OF_LATER: why"));
        assert_eq!(Code::read(code.as_str(), sentence.clone()), (code, sentence), "read once more it stays as it is");
    }
}
