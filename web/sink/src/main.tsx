/* The web page of the capture server. */
import { render } from "preact";
import { App } from "./app";
import "../../shared/base.css";
import "./style.css";

render(<App />, document.getElementById("app")!);
