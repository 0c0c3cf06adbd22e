// Package faults holds the fault tests: people write into encrypted rooms of a
// real homeserver while the built bot is killed, the server restarted and the
// network between them broken; afterwards the rooms, the database and the
// export must agree. It looks at the bot from outside only: at its process, its
// database file and what people see.
//
//	make soak SEED=7 KILLS=100 REPLIES=2000
//
// plays the same people, texts, faults and kills for the same seed. How the
// machine interleaves them differs from run to run.
package faults
