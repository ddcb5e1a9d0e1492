//! What the workers do, and what devices do with what came through: a change that is decoded and passes its trial is
//! applied by every device, whatever it was in the middle of. Automerge panics and runs away on some inputs, which
//! the workers are there for; so this target runs in processes that may end, and says itself what must not be.
#![no_main]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use automerge::{AutoCommit, Change, LoadOptions, ReadDoc as _, TextEncoding};
use fuzz::Field;
use libfuzzer_sys::fuzz_target;
use shared::sync::crafted::seal;
use shared::sync::gate::{self, Verdict};
use shared::sync::trial::trial;

static QUIET: Once = Once::new();

fuzz_target!(|body: &[u8]| {
    // The library's own hook ends the process at any panic, also at one that is caught.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    let field = Field::get();
    let chunk = seal(body);
    let examined = [field.examined(&chunk)];
    if gate::decide(&examined, &field.facts()) != [Verdict::Undecoded] {
        return;
    }
    let passes =
        catch_unwind(|| gate::decode(&chunk).is_ok() && trial(None, &field.log(), &[&chunk]).is_ok());
    if !passes.unwrap_or(false) {
        return;
    }
    if catch_unwind(AssertUnwindSafe(|| applied_everywhere(field, &chunk))).unwrap_or(false) {
        return;
    }
    eprintln!("LET THROUGH: a change that passes the gate and its trial is not the same everywhere");
    std::process::abort();
});

/// One device has it at once with all before, one after the rest, one beside a change of its own, one loads it.
fn applied_everywhere(field: &Field, chunk: &[u8]) -> bool {
    let read = |chunk: &[u8]| Change::try_from(chunk).expect("it was decoded");
    let log = || field.log().into_iter().map(read).collect::<Vec<_>>();
    let new = || AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
    let (mut at_once, mut after, mut beside) = (new(), new(), new());
    at_once.apply_changes(log().into_iter().chain([read(chunk)])).expect("at once");
    for change in log() {
        after.apply_changes([change]).expect("one by one");
    }
    after.apply_changes([read(chunk)]).expect("after the rest");
    beside.apply_changes(log().into_iter().chain([field.beside()])).expect("beside");
    beside.apply_changes([read(chunk)]).expect("beside another change");
    at_once.apply_changes([field.beside()]).expect("and the other way round");
    let same = |one: &mut AutoCommit, other: &mut AutoCommit| {
        one.get_heads() == other.get_heads()
            && one.hydrate(automerge::ROOT, None).expect("it is read")
                == other.hydrate(automerge::ROOT, None).expect("it is read")
    };
    let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    let mut loaded = AutoCommit::load_with_options(&after.save(), options).expect("it loads");
    same(&mut after, &mut loaded) && same(&mut at_once, &mut beside)
}
