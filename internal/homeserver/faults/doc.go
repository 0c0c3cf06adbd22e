// Package faults holds the fault tests: people write into encrypted rooms of a
// real homeserver while the built bot is killed, its clock set, its disk filled,
// the server restarted and the network between them broken; afterwards the rooms,
// the database and the export must agree. It looks at the bot from outside only:
// at its process, its database file and what people see.
//
//	make soak SEED=7 KILLS=100 REPLIES=2000
//	make soak SERVER=synapse
//
// The seed fixes the dice: what each person does and says in each of their steps,
// how and when each process of the bot is ended, what happens before the next one,
// and what the n-th sync, post and other request meets. It does not fix how these
// meet each other: how many steps a person takes, which message an edit, a deletion
// or a reaction hits, and what the bot is doing when it is killed differ from run to
// run with the speed of the machine. So a fault that a seed has shown may take
// several runs of it to come back.
//
// TestFaults is the storm of all that can happen at random; a run of the short form
// or longer fails if some kind of fault never came. The others bring about one thing
// each: a kill at each named point, a server that has forgotten what was sent, a
// long absence, an event that cannot be handled, clock changes, and a database that
// is locked, full or read-only.
package faults
