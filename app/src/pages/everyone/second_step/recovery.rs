//! Recovery codes, shown this once.

use leptos::html;
use leptos::prelude::*;

use crate::components::save_file;
use crate::i18n::*;

/// The list, a file of it, and the word that it is kept.
#[component]
pub fn Recovery(codes: Vec<String>, done: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let heading = NodeRef::<html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let file = StoredValue::new(codes.join("\r\n") + "\r\n");
    let save = move |_| {
        let name = t_string!(i18n, factor.file_name);
        file.with_value(|content| save_file(name, "text/plain;charset=utf-8", content));
    };
    view! {
        <section class="stack" aria-labelledby="codes-heading">
            <h2 id="codes-heading" tabindex="-1" node_ref=heading>{t!(i18n, factor.codes_title)}</h2>
            <p>{t!(i18n, factor.codes_text)}</p>
            <ol class="secrets">
                {codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view()}
            </ol>
            <div class="row">
                <button type="button" on:click=save>{t!(i18n, factor.save_codes)}</button>
                <button type="button" class="primary" on:click=move |_| done.run(())>{t!(i18n, factor.codes_kept)}</button>
            </div>
        </section>
    }
}
