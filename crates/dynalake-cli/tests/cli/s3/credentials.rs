//! Where credentials are found.

use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

/// Reads an object with the credentials of this home and this environment.
fn read(s3: &S3, home: &Folder, environment: &[(&str, &str)]) -> Done {
    let url = s3.url();
    let fixed =
        [("AWS_ENDPOINT_URL", url.as_str()), ("HOME", home.path()), ("AWS_MAX_ATTEMPTS", "1")];
    let args = ["transform", "--format", "jsonl", "s3://lake/a.jsonl"];
    run(&args, &[&fixed, environment].concat())
}

fn loaded() -> S3 {
    let s3 = S3::start();
    s3.put("a.jsonl", change("o-1").to_string());
    s3
}

#[test]
fn each_source_is_used() {
    let s3 = loaded();
    let keys = format!("aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET}\n");
    let printed = format!(
        "{{\"Version\": 1, \"AccessKeyId\": \"{ACCESS_KEY}\", \"SecretAccessKey\": \"{SECRET}\", \
         \"SessionToken\": \"{TOKEN}\", \"Expiration\": \"2099-01-31T12:00:00Z\"}}"
    );
    let source = "[source]\naws_access_key_id = AKIASOURCE\naws_secret_access_key = other\n";
    let role = format!("[profile reader]\nrole_arn = {ROLE}\n");
    let sso_token = "{\"accessToken\": \"bearer\", \"expiresAt\": \"2099-01-31T12:00:00Z\"}";
    let sso = "sso_region = eu-central-1\nsso_start_url = https://corp.awsapps.com/start\n";
    let account = "sso_account_id = 123456789012\nsso_role_name = Reader\n";
    let reader = &[("AWS_PROFILE", "reader")][..];
    let container = format!("{}/container", s3.url());
    for (name, files, environment) in [
        ("the default profile", vec![(".aws/credentials", format!("[default]\n{keys}"))], &[][..]),
        (
            "a profile of config",
            vec![(".aws/config", format!("[default]\n[profile reader]\n{keys}"))],
            reader,
        ),
        (
            "a credential process, whose line has quotes",
            vec![
                (
                    ".aws/config",
                    "[profile reader]\ncredential_process = cat \"$HOME/a file\"\n".into(),
                ),
                ("a file", printed),
            ],
            reader,
        ),
        (
            "a role by another profile",
            vec![
                (".aws/config", format!("{role}source_profile = source\n")),
                (".aws/credentials", source.to_owned()),
            ],
            reader,
        ),
        (
            "a role by the environment",
            vec![(".aws/config", format!("{role}web_identity_token_file = jwt\n"))],
            reader,
        ),
        (
            "an SSO session",
            vec![
                (
                    ".aws/config",
                    format!(
                        "[sso-session corp]\n{sso}[profile reader]\nsso_session = corp\n{account}"
                    ),
                ),
                // The name is the SHA-1 of "corp".
                (
                    ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
                    sso_token.to_owned(),
                ),
            ],
            reader,
        ),
        (
            "a web identity",
            vec![],
            &[("AWS_WEB_IDENTITY_TOKEN_FILE", "jwt"), ("AWS_ROLE_ARN", ROLE)][..],
        ),
        (
            "a container",
            vec![],
            &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str()),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod"),
            ][..],
        ),
    ] {
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        let home = Folder::new(&files);
        std::fs::create_dir_all(&home.0).unwrap();
        let jwt = home.0.join("jwt");
        std::fs::write(&jwt, "jwt").unwrap();
        let jwt = jwt.to_str().unwrap();
        if let Ok(config) = std::fs::read_to_string(home.0.join(".aws/config")) {
            let config = config.replace("token_file = jwt", &format!("token_file = {jwt}"));
            std::fs::write(home.0.join(".aws/config"), config).unwrap();
        }
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| (*name, if *value == "jwt" { jwt } else { *value }))
            .collect();
        let done = read(&s3, &home, &environment);
        assert_eq!(done.code, 0, "{name}: {}", done.stderr);
        assert_eq!(done.rows().len(), 1, "{name}");
    }
}

#[test]
fn the_environment_goes_first() {
    let s3 = loaded();
    let home = Folder::new(&[(
        ".aws/credentials",
        b"[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n",
    )]);
    let keys = [("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    read(&s3, &home, &[&keys[..], &[("AWS_SESSION_TOKEN", TOKEN)]].concat()).exits_with(0);
    read(&s3, &home, &[]).exits_with(2).says(
        "S3 does not know the access key or the session token of the profile default; sign in \
         again, as by `aws sso login --profile default`, or correct its keys",
    );
    read(&s3, &home, &[&keys[..], &[("AWS_SESSION_TOKEN", "old")]].concat())
        .exits_with(2)
        .says("of the environment; set AWS_ACCESS_KEY_ID, ");
}

#[test]
fn a_pods_role_goes_before_the_default_profile_and_after_one_that_is_named() {
    let s3 = loaded();
    let other = "aws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n";
    let profiles = format!("[default]\n{other}[reader]\n{other}");
    let home = Folder::new(&[(".aws/credentials", profiles.as_bytes()), ("jwt", b"jwt")]);
    let jwt = home.0.join("jwt");
    let pod = [("AWS_WEB_IDENTITY_TOKEN_FILE", jwt.to_str().unwrap()), ("AWS_ROLE_ARN", ROLE)];
    read(&s3, &home, &pod).exits_with(0);
    read(&s3, &home, &[&pod[..], &[("AWS_PROFILE", "reader")]].concat())
        .exits_with(2)
        .says("of the profile reader;");
}

#[test]
fn a_lack_of_credentials_is_named() {
    let s3 = loaded();
    for (config, environment, message) in [
        (
            "",
            &[][..],
            "there are no AWS credentials: not in the environment (AWS_ACCESS_KEY_ID), not in the \
             profile default of ~/.aws, not of a container or an instance; set AWS_PROFILE, or sign",
        ),
        (
            "",
            &[("AWS_ACCESS_KEY_ID", "a")][..],
            "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            "",
            &[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b\nc")][..],
            "the credentials are empty or have blanks or control characters; correct them",
        ),
        ("", &[("AWS_PROFILE", "no")][..], "AWS_PROFILE is \"no\", and neither of "),
        (
            "[default]\ncredential_process = echo SecretThatNobodySees",
            &[][..],
            "the profile default: its credential_process failed or did not print credentials; run \
             it by hand: echo",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = no",
            &[][..],
            "the profile default: its source_profile no is not there; correct it",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default",
            &[][..],
            "the profile default: its source profile default has no credentials; add some",
        ),
        (
            "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n\
             aws_access_key_id = AKIASOURCE\naws_secret_access_key = x\n",
            &[][..],
            "the role arn:aws:iam::1:role/r can't be assumed (403 AccessDenied); check who may",
        ),
        (
            "[default]\nsso_start_url = https://c/start\nsso_region = r\nsso_account_id = 1\n\
             sso_role_name = R\n",
            &[][..],
            "sign in by `aws sso login --profile default`",
        ),
    ] {
        let home = Folder::new(&[(".aws/config", config.as_bytes())]);
        read(&s3, &home, environment).exits_with(2).says(message);
    }
    // Somebody answers, and says no.
    let url = format!("{}/container", s3.url());
    let home = Folder::new(&[]);
    read(&s3, &home, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)])
        .exits_with(2)
        .says("the container gives no credentials: permission denied (401 Unauthorized)");
}
