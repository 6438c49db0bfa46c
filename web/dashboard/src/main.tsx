/* The web page of the daemon. */
import { render } from "preact";
import { App } from "./app";
import "uplot/dist/uPlot.min.css";
import "../../shared/base.css";
import "./style.css";

render(<App />, document.getElementById("app")!);
