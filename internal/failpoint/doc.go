// Package failpoint marks places in the program at which the fault tests end
// the process or make it fail, and the clock that they set. In a normal build
// its functions are empty; with the build tag failpoints they act on files in
// the folder that BLNBOT_FAILPOINTS names. It must not know what the places mean.
package failpoint
