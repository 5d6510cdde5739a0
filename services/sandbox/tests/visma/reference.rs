//! Reference data, in the shapes of the published schemas.

use http::StatusCode;
use serde_json::json;

use crate::support::{n, start};

#[tokio::test]
async fn reference_data_has_the_published_shapes() {
    let visma = start(json!({ "closed_periods": ["202601"], "today": "2026-11-22" })).await;
    let accounts = visma.list("/v1/account").await;
    let sales = accounts.iter().find(|account| account["accountCD"] == "3000").unwrap();
    assert_eq!((&sales["type"], &sales["active"]), (&json!("Income"), &json!(true)));
    assert_eq!(visma.get("/v1/vat/FI255").await.json()["schedules"][0]["vatRate"], n("25.5"));
    assert_eq!(visma.list("/v1/dimension").await, [json!("SUBACCOUNT")]);
    let dimension = visma.get("/v1/dimension/SUBACCOUNT").await.json();
    assert_eq!(dimension["segments"][1]["segmentValues"], json!([]));
    let dimension = visma.get("/v1/dimension/SUBACCOUNT?expandSegmentsValues=true").await.json();
    assert_eq!(dimension["segments"][1]["segmentValues"][1]["valueId"], "100");
    let terms = visma.get("/v1/creditTerm?termsId=30").await.json();
    assert_eq!((&terms["totalCount"], &terms["records"][0]["dueDay1"]), (&json!(1), &json!(30)));
    assert_eq!(visma.get("/v1/creditTerm/30").await.status, StatusCode::NOT_FOUND);
    assert_eq!(visma.get("/v1/currency/JPY").await.json()["decimalPrecision"], 0);
    assert_eq!(visma.get("/v1/customer/customerClass/EU").await.json()["requiredTaxzoneId"], true);
    assert_eq!(visma.list("/v1/branch").await[0]["isMainBranch"], true);
    let periods = visma.list("/v1/financialPeriod").await;
    let january = periods.iter().find(|period| period["startDate"] == "2026-01-01T00:00:00").unwrap();
    assert_eq!(
        (&january["closedInCustomerLedger"], &january["endDate"]),
        (&json!(true), &json!("2026-01-31T00:00:00"))
    );
    assert_eq!(visma.get("/v1/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_first_mapping_is_made_of_can_be_listed() {
    let visma = start(json!({ "envelope_in_array": true })).await;
    let segment = visma.get("/v1/dimension/SUBACCOUNT/2").await.json();
    assert_eq!((&segment["validate"], &segment["segmentValues"][1]["valueId"]), (&json!(true), &json!("100")));
    assert_eq!(visma.get("/v1/dimension/subaccount/2/100").await.json()["description"], "Adobe Commerce");
    for path in ["/v1/dimension/SUBACCOUNT/3", "/v1/dimension/SUBACCOUNT/2/300", "/v1/dimension/OTHER/1"] {
        assert_eq!(visma.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let bank = visma.get("/v1/cashaccount/1920").await.json();
    assert_eq!((&bank["currency"], visma.list("/v1/cashaccount").await.len()), (&json!("NOK"), 4));
    assert_eq!(visma.get("/v1/account/1920").await.json()["cashAccount"], true);
    assert_eq!(visma.get("/v1/account/3000").await.json()["cashAccount"], false);
    assert_eq!(visma.get("/v1/paymentmethod/20").await.json()["active"], true);
    assert_eq!(visma.list("/v1/vatCategory").await.len(), visma.list("/v1/vat").await.len());
    let inactive = visma.list("/v1/account?active=false").await;
    assert_eq!((inactive.len(), &inactive[0]["accountCD"]), (1, &json!("3099")));
    assert_eq!(visma.get("/v1/creditTerm").await.json()[0]["records"][0]["termsId"], "00");
}
