//! Files of several threads.

use super::{Files, Names, Options, Publish};
use crate::store::{Folder, Replace};
use dynalake::record::{self, RecordTransformer};
use dynalake::schema::{Plan, Schema};
use dynalake_parquet::{Form, Timestamps};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;

const SCHEMA: &str = r#"{"table": "orders", "keys": ["orderId"], "columns": [{"name": "order_id", "type": "string"}]}"#;

/// So many hours have rows, in turns.
const HOURS: u64 = 6;

/// A folder that is gone with the test.
struct Temp(PathBuf);

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The files of 30,000 rows, by name, where they may hold so many bytes.
fn write(number: usize, max_held: usize, publish: Publish) -> BTreeMap<String, Vec<u8>> {
    let name = format!("dynalake-{}-files-{number}", std::process::id());
    let temp = Temp(std::env::temp_dir().join(name));
    let schema = Schema::parse(SCHEMA).expect("it is a schema");
    let plan = Plan::new(&schema);
    let form = Form::new(&schema, Timestamps::Int96).expect("it has a form");
    let options = record::Options::new(&plan);
    let mut records = RecordTransformer::new(plan, options);
    let options = Options {
        names: Names::Numbered("part".to_owned()),
        publish,
        replace: Replace::No,
        file_bytes: 100 << 10,
    };
    let folder = Folder::at(&temp.0).expect("a path is a folder");
    let mut files = Files::new(folder.clone(), form, options);
    files.max_held = max_held;
    for at in 0..30_000_u64 {
        let time_ms = 1_700_000_000_000 + at % HOURS * 3_600_000;
        let change = format!(
            r#"{{"eventName": "INSERT", "tableName": "orders", "dynamodb": {{
                "ApproximateCreationDateTime": {time_ms},
                "Keys": {{"orderId": {{"S": "order-{at}"}}}},
                "NewImage": {{"orderId": {{"S": "order-{at}"}}}}}}}}"#
        );
        records.transform(change.as_bytes(), None, &mut files);
        files.advance().expect("it can be written");
        if at % 1_000 == 0 {
            thread::yield_now();
        }
    }
    files.finish().expect("they can be written");
    files.publish().expect("they get their names");
    let listed = folder.list("").expect("it can be read");
    let read = |name: &String| std::fs::read(temp.0.join(name)).expect("it is there");
    listed.into_iter().map(|file| (file.name.clone(), read(&file.name))).collect()
}

#[test]
fn equal_rows_give_equal_files_however_many_threads_there_are() {
    for publish in [Publish::AtOnce, Publish::Together] {
        let unbounded = write(0, usize::MAX, publish).len();
        let alone = write(0, 64 << 10, publish);
        assert!(alone.len() > unbounded, "the bound ends files: {} of {unbounded}", alone.len());
        let threads = 20;
        let barrier = Barrier::new(threads);
        let same = thread::scope(|scope| {
            let run = |number| {
                let (barrier, alone) = (&barrier, &alone);
                move || {
                    barrier.wait();
                    write(number, 64 << 10, publish) == *alone
                }
            };
            let running: Vec<_> = (1..=threads).map(|number| scope.spawn(run(number))).collect();
            running.into_iter().map(|one| one.join().expect("it ends")).collect::<Vec<_>>()
        });
        assert_eq!(same, vec![true; threads], "{publish:?}");
    }
}
