import { render } from "preact";
import { App } from "./app";
import { begin } from "./state";

begin();
render(<App />, document.getElementById("app")!);
