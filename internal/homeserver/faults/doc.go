// Package faults holds the fault tests: people write into encrypted rooms of a
// real homeserver while the built bot is killed, its clock set, its disk filled,
// the server restarted and the network between them broken; afterwards the rooms,
// the database and the export must agree. It looks at the bot from outside only:
// at its process, its database file and what people see.
//
//	make soak SEED=7 KILLS=100 REPLIES=2000
//	make soak SERVER=synapse
//
// plays the same people, texts, faults and kills for the same seed. How the
// machine interleaves them differs from run to run.
//
// TestFaults is the storm of all that can happen at random. The others bring
// about one thing each: a long absence, an event that cannot be handled, clock
// changes, and a database that is locked, full or read-only.
package faults
