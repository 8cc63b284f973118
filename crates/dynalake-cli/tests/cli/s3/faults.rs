//! What is healed by asking again, and what is named.

use super::server::Fault;
use super::*;

const OUT: &str = "out/dt=2023-11-14/hour=22/part-00000.parquet";

/// A server with a small input and a large one.
fn loaded() -> S3 {
    let s3 = S3::start();
    s3.put("in/a.jsonl", change("o-a").to_string());
    s3.put("in/large.jsonl", many_changes(6_000));
    s3
}

fn to_parquet(s3: &S3, input: &str) -> Done {
    run_on(s3, &[&TO_PARQUET[..], &["--out", "s3://lake/out", input]].concat())
}

#[test]
fn faults_heal() {
    let errors = [
        Fault::Error(503, "SlowDown", "slow"),
        Fault::Error(500, "InternalError", "try again"),
        Fault::ResetBefore,
        Fault::CutOff,
    ];
    let whole = loaded();
    to_parquet(&whole, "s3://lake/in/").exits_with(0);
    for fault in errors {
        let s3 = loaded();
        for request in [
            "GET /lake?list-type",
            "GET /lake/in/a.jsonl",
            "GET /lake/in/large.jsonl? bytes=0-",
            "GET /lake/in/large.jsonl? bytes=8388608-",
            "POST /lake/out/",
            "PUT /lake/out/",
            "uploadId=upload",
        ] {
            s3.fails(request, 2, fault.clone());
        }
        to_parquet(&s3, "s3://lake/in/").exits_with(0).says("6,001 in: 6,001 ok");
        assert!(s3.objects("out/") == whole.objects("out/"), "{fault:?}");
    }
}

/// What was done, though the answer was lost, is not done by another.
#[test]
fn lost_answers_heal() {
    for (input, request) in [
        ("s3://lake/in/a.jsonl", "PUT /lake/out/"),
        ("s3://lake/in/large.jsonl", "PUT /lake/out/"),
        ("s3://lake/in/large.jsonl", "?uploadId=upload"),
    ] {
        let whole = loaded();
        to_parquet(&whole, input).exits_with(0);
        let s3 = loaded();
        s3.fails(request, 2, Fault::ResetAfter);
        to_parquet(&s3, input).exits_with(0);
        assert!(s3.objects("out/") == whole.objects("out/"), "{input}");
        assert_eq!(s3.open_uploads(), 0);
    }
    // An upload that fails behind the status 200.
    let s3 = loaded();
    s3.fails("?uploadId=upload", 1, Fault::LateError);
    to_parquet(&s3, "s3://lake/in/large.jsonl").exits_with(0);
    assert_eq!(s3.objects("out/").len(), 1);
}

#[test]
fn a_connection_that_stalls_is_left() {
    let s3 = loaded();
    s3.fails("GET /lake/in/large.jsonl", 1, Fault::Stall);
    to_parquet(&s3, "s3://lake/in/").exits_with(0).says("6,001 in: 6,001 ok");
}

/// Runs with two attempts for each request.
fn twice(s3: &S3, args: &[&str]) -> Done {
    let environment = [
        ("AWS_ENDPOINT_URL_S3", s3.url()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_MAX_ATTEMPTS", "2".to_owned()),
    ];
    run(args, &environment.each_ref().map(|(name, value)| (*name, value.as_str())))
}

#[test]
fn what_does_not_heal_is_named() {
    let list = "GET /lake?list-type";
    for (request, fault, message) in [
        (
            list,
            Fault::Error(503, "SlowDown", "slow"),
            "S3 answered 503 SlowDown, 2 times; run again",
        ),
        (
            list,
            Fault::Error(403, "AccessDenied", "User: arn:aws:iam::1:user/me is not authorized"),
            "can't read s3://lake/in/: access is denied (403 AccessDenied) to the environment; it \
             needs s3:ListBucket on arn:aws:s3:::lake. S3 says: User: arn:aws:iam::1:user/me is",
        ),
        (
            "GET /lake/in/a.jsonl",
            Fault::Error(403, "AccessDenied", ""),
            "can't read s3://lake/in/a.jsonl: access is denied (403 AccessDenied) to the \
             environment; it needs s3:GetObject on arn:aws:s3:::lake/in/a.jsonl, and kms:Decrypt",
        ),
        (
            list,
            Fault::OtherRegion("eu-central-1"),
            "the bucket lake is in eu-central-1, and us-east-1 was asked; set AWS_REGION=eu-central-1",
        ),
        (
            list,
            Fault::Error(404, "NoSuchBucket", "gone"),
            "there is no bucket lake; check its name, and the endpoint of AWS_ENDPOINT_URL_S3",
        ),
        (
            list,
            Fault::Error(400, "ExpiredToken", "old"),
            "the session token of the environment has expired; set AWS_ACCESS_KEY_ID",
        ),
        (
            list,
            Fault::Error(403, "SignatureDoesNotMatch", "no"),
            "the secret access key of the env",
        ),
        (
            list,
            Fault::Error(403, "RequestTimeTooSkewed", "no"),
            "clock is more than 15 minutes off",
        ),
        (list, Fault::Error(418, "Teapot", "no"), "S3 answered 418 Teapot"),
        (list, Fault::ResetBefore, "can't be reached, 2 times: "),
        (list, Fault::CutOff, "can't be reached, 2 times: "),
        (
            "GET /lake/in/a.jsonl",
            Fault::Error(403, "InvalidObjectState", "cold"),
            "the object is archived; restore it by",
        ),
        (
            "GET /lake/in/large.jsonl? bytes=4194304-",
            Fault::Error(412, "PreconditionFailed", "it is another"),
            "can't read s3://lake/in/large.jsonl: it was replaced while it was read; run again",
        ),
    ] {
        let s3 = loaded();
        s3.fails(request, 100, fault.clone());
        let is_list = request == list;
        twice(&s3, &["transform", "--format", "jsonl", "s3://lake/in/"])
            .exits_with(if is_list { 2 } else { 1 })
            .says(message);
    }
}

#[test]
fn nothing_half_written_is_seen() {
    for (input, request, fault, message) in [
        (
            "s3://lake/in/a.jsonl",
            "PUT /lake/out/",
            Fault::Error(403, "AccessDenied", ""),
            "it needs s3:PutObject on arn:aws:s3:::lake/out/dt=2023-11-14/hour=22/part-00000.parquet",
        ),
        (
            "s3://lake/in/large.jsonl",
            "POST /lake/out/",
            Fault::Error(403, "KMS.DisabledException", ""),
            "access is denied (403 KMS.DisabledException)",
        ),
        (
            "s3://lake/in/large.jsonl",
            "partNumber=2",
            Fault::Error(500, "InternalError", ""),
            "S3 answered 500 InternalError, 2 times; run again later",
        ),
        (
            "s3://lake/in/large.jsonl",
            "partNumber=1",
            Fault::ResetAfter,
            "can't be reached, 2 times",
        ),
        (
            "s3://lake/in/large.jsonl",
            "?uploadId=upload",
            Fault::LateError,
            "S3 answered 500 InternalError, 2 times; run again later",
        ),
        (
            "s3://lake/in/a.jsonl",
            "PUT /lake/out/",
            Fault::Error(501, "NotImplemented", ""),
            "this S3 does not support the request (501 NotImplemented)",
        ),
    ] {
        let s3 = loaded();
        s3.fails(request, 2, fault.clone());
        let args = [&TO_PARQUET[..], &["--out", "s3://lake/out/", input]].concat();
        twice(&s3, &args)
            .exits_with(2)
            .says(&format!("error: can't write s3://lake/{OUT}: "))
            .says(message);
        assert!(s3.objects("out/").is_empty(), "{fault:?}");
        assert_eq!(s3.open_uploads(), 0, "{fault:?}");
    }
}

#[test]
fn an_endpoint_that_is_away_is_named() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let environment = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_MAX_ATTEMPTS", "3"),
    ];
    run(&["transform", "s3://lake/k"], &environment).exits_with(2).says(&format!(
        "can't read s3://lake/k: {url} can't be reached, 3 times: Connection refused (os error \
         111); check AWS_ENDPOINT_URL, and that it runs"
    ));
}
