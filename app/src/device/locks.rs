//! One tab at a time: the browser's own locks, which it takes back from a tab that dies.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::platform;

/// Whether to wait for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As long as it takes.
    Wait,
    /// Not where another tab has it.
    IfAvailable,
}

/// A lock, until it is dropped.
pub struct Locked {
    release: Function,
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Nothing to do where the page is going anyway.
        let _ = self.release.call0(&JsValue::NULL);
    }
}

/// Takes the lock of that name; `None` where another tab has it and nobody waits, or where the browser has no locks.
pub async fn lock(name: &str, patience: Patience) -> Option<Locked> {
    let manager = Reflect::get(&platform::window().navigator(), &"locks".into()).ok()?;
    let request: Function = Reflect::get(&manager, &"request".into()).ok()?.dyn_into().ok()?;
    let (released, release) = promise();
    let (granted, grant) = promise();
    let said = grant.clone();
    let callback = Closure::once_into_js(move |lock: JsValue| -> Promise {
        let _ = said.call1(&JsValue::NULL, &(!lock.is_null()).into());
        released
    });
    let options = Object::new();
    if patience == Patience::IfAvailable {
        Reflect::set(&options, &"ifAvailable".into(), &true.into()).ok()?;
    }
    let asked: Promise = request.call3(&manager, &name.into(), &options, &callback).ok()?.dyn_into().ok()?;
    wasm_bindgen_futures::spawn_local(async move {
        // Refused by the browser, or held and released: in both cases there is nothing more to wait for.
        let _ = JsFuture::from(asked).await;
        let _ = grant.call1(&JsValue::NULL, &false.into());
    });
    let is_granted = JsFuture::from(granted).await.is_ok_and(|it| it == JsValue::TRUE);
    let locked = Locked { release };
    is_granted.then_some(locked)
}

/// A promise and what fulfils it.
fn promise() -> (Promise, Function) {
    let resolve: Rc<RefCell<Option<Function>>> = Rc::default();
    let slot = resolve.clone();
    let promise = Promise::new(&mut move |fulfil, _| *slot.borrow_mut() = Some(fulfil));
    let resolve = resolve.take().expect("a promise asks at once what fulfils it");
    (promise, resolve)
}

/// Resolves when `done` is called, with what it was called with; `None` where it never can be any more.
pub fn told() -> (impl Fn(bool) + Clone + 'static, impl Future<Output = bool>) {
    let (promise, resolve) = promise();
    let done = move |outcome: bool| drop(resolve.call1(&JsValue::NULL, &outcome.into()));
    (done, async move { JsFuture::from(promise).await.is_ok_and(|it| it == JsValue::TRUE) })
}
