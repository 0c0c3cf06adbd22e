// What Element's libraries take for granted from Node.js.
export { Buffer } from "buffer/";
