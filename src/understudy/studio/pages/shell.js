// NiceGUI serves this file from an address of its own, where relative imports lead nowhere.
import Shell from "/static/shell.js";

export default Shell;
