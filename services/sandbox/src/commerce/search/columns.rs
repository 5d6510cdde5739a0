//! The columns that can be filtered and sorted by, which are fewer than the fields that a document shows.
//!
//! `billing_address`, `payment` and whatever else comes from joined tables is no column, and asking for it is a
//! database error (500). The lists are the scalar properties of the published schema of each document.

/// How the database compares a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// By value; a text compared with it counts by its leading digits.
    Number,
    /// Seconds, as `YYYY-MM-DD HH:MM:SS` in UTC.
    Time,
    /// Without regard to case.
    Text,
}

/// The kinds of documents that can be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entity {
    Order,
    Invoice,
    CreditMemo,
    Shipment,
    Customer,
    TaxRate,
    TaxRule,
    CustomerGroup,
}

/// Where the value of a column is found in a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) member: &'static str,
    pub(crate) kind: Comparison,
}

const TIMES: &str = "created_at updated_at";
const SALES_TEXT: &str = "base_currency_code discount_description global_currency_code increment_id \
    order_currency_code store_currency_code";
const SALES_NUMBERS: &str = "entity_id store_id billing_address_id email_sent base_discount_amount \
    base_discount_tax_compensation_amount base_grand_total base_shipping_amount \
    base_shipping_discount_tax_compensation_amnt base_shipping_incl_tax base_shipping_tax_amount base_subtotal \
    base_subtotal_incl_tax base_tax_amount base_to_global_rate base_to_order_rate discount_amount \
    discount_tax_compensation_amount grand_total shipping_amount shipping_discount_tax_compensation_amount \
    shipping_incl_tax shipping_tax_amount store_to_base_rate store_to_order_rate subtotal subtotal_incl_tax \
    tax_amount";
const ORDER_TEXT: &str = "applied_rule_ids coupon_code customer_dob customer_email customer_firstname \
    customer_lastname customer_middlename customer_note customer_prefix customer_suffix customer_taxvat \
    ext_customer_id ext_order_id hold_before_state hold_before_status original_increment_id protect_code \
    relation_child_id relation_child_real_id relation_parent_id relation_parent_real_id remote_ip \
    shipping_description state status store_name x_forwarded_for";
const ORDER_NUMBERS: &str = "adjustment_negative adjustment_positive base_adjustment_negative \
    base_adjustment_positive base_discount_canceled base_discount_invoiced base_discount_refunded \
    base_discount_tax_compensation_invoiced base_discount_tax_compensation_refunded base_shipping_canceled \
    base_shipping_discount_amount base_shipping_invoiced base_shipping_refunded base_shipping_tax_refunded \
    base_subtotal_canceled base_subtotal_invoiced base_subtotal_refunded base_tax_canceled base_tax_invoiced \
    base_tax_refunded base_total_canceled base_total_due base_total_invoiced base_total_invoiced_cost \
    base_total_offline_refunded base_total_online_refunded base_total_paid base_total_qty_ordered \
    base_total_refunded can_ship_partially can_ship_partially_item customer_gender customer_group_id customer_id \
    customer_is_guest customer_note_notify discount_canceled discount_invoiced discount_refunded \
    discount_tax_compensation_invoiced discount_tax_compensation_refunded edit_increment \
    forced_shipment_with_invoice is_virtual payment_auth_expiration payment_authorization_amount quote_address_id \
    quote_id shipping_canceled shipping_discount_amount shipping_invoiced shipping_refunded shipping_tax_refunded \
    subtotal_canceled subtotal_invoiced subtotal_refunded tax_canceled tax_invoiced tax_refunded total_canceled \
    total_due total_invoiced total_item_count total_offline_refunded total_online_refunded total_paid \
    total_qty_ordered total_refunded weight";
const INVOICE_NUMBERS: &str = "base_total_refunded can_void_flag is_used_for_refund order_id shipping_address_id \
    state total_qty";
const CREDIT_MEMO_NUMBERS: &str = "adjustment adjustment_negative adjustment_positive base_adjustment \
    base_adjustment_negative base_adjustment_positive creditmemo_status invoice_id order_id shipping_address_id \
    state";
const SHIPMENT_NUMBERS: &str = "entity_id store_id total_weight total_qty email_sent order_id customer_id \
    shipping_address_id billing_address_id shipment_status";
const CUSTOMER_TEXT: &str = "created_in default_billing default_shipping dob email firstname lastname middlename \
    prefix suffix taxvat";
const CUSTOMER_NUMBERS: &str = "disable_auto_group_change gender group_id store_id website_id";

impl Entity {
    /// The column of this name, or `None` when the table has none.
    pub(crate) fn column(self, name: &str) -> Option<Source> {
        let lists: &[(&'static str, Comparison)] = match self {
            Self::Order => &[
                (SALES_NUMBERS, Comparison::Number),
                (SALES_TEXT, Comparison::Text),
                (ORDER_NUMBERS, Comparison::Number),
                (ORDER_TEXT, Comparison::Text),
                (TIMES, Comparison::Time),
            ],
            Self::Invoice => &[
                (SALES_NUMBERS, Comparison::Number),
                (SALES_TEXT, Comparison::Text),
                (INVOICE_NUMBERS, Comparison::Number),
                ("transaction_id", Comparison::Text),
                (TIMES, Comparison::Time),
            ],
            Self::CreditMemo => &[
                (SALES_NUMBERS, Comparison::Number),
                (SALES_TEXT, Comparison::Text),
                (CREDIT_MEMO_NUMBERS, Comparison::Number),
                ("transaction_id", Comparison::Text),
                (TIMES, Comparison::Time),
            ],
            Self::Shipment => &[
                (SHIPMENT_NUMBERS, Comparison::Number),
                ("increment_id shipping_label", Comparison::Text),
                (TIMES, Comparison::Time),
            ],
            Self::TaxRate => {
                &[("id rate tax_region_id", Comparison::Number), ("code tax_country_id tax_postcode", Comparison::Text)]
            }
            Self::TaxRule => &[("id position priority", Comparison::Number), ("code", Comparison::Text)],
            Self::CustomerGroup => {
                &[("id tax_class_id", Comparison::Number), ("code tax_class_name", Comparison::Text)]
            }
            // Customers are searched by `entity_id` and show it as `id`.
            Self::Customer if name == "entity_id" => return Some(Source { member: "id", kind: Comparison::Number }),
            Self::Customer => {
                &[(CUSTOMER_NUMBERS, Comparison::Number), (CUSTOMER_TEXT, Comparison::Text), (TIMES, Comparison::Time)]
            }
        };
        lists.iter().find_map(|&(list, kind)| {
            let member = list.split_ascii_whitespace().find(|column| *column == name)?;
            Some(Source { member, kind })
        })
    }
}
