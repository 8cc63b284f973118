//! What `--help` teaches.

use crate::dynalake;

#[test]
fn no_arguments_print_help() {
    dynalake(&[])
        .exits_with(2)
        .says("Usage: dynalake")
        .says("transform")
        .says("replay")
        .says("check")
        .says("ddl");
}

#[test]
fn help_teaches_exit_codes_and_examples() {
    for args in [
        &["--help"][..],
        &["transform", "--help"],
        &["check", "--help"],
        &["ddl", "--help"],
        &["infer", "--help"],
        &["diff", "--help"],
        &["replay", "--help"],
        &["backfill", "--help"],
    ] {
        dynalake(args).exits_with(0).prints("Exit codes:").prints("Example");
    }
}
