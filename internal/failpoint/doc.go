// Package failpoint marks places in the program at which the fault tests end
// the process or make it fail. In a normal build its function is empty; with
// the build tag failpoints it acts on files in the folder that BLNBOT_FAILPOINTS
// names. It must not know what the places mean.
package failpoint
