/*
 * Taking, leaving and stealing FILE.lock: may two processes be inside at the same time?
 *
 * Tests/Model/run checks every variant exhaustively. The scheme is told in mailbox-locking(7); what becomes of a writer
 * that comes too late is in fence.pml.
 *
 * One d_step is one system call, or one call and what the process concludes from it by itself: all that the kernel (or
 * the NFS server) does as one. Everything else interleaves. A pause is nothing special: a process that does not take
 * its next step, while the others take theirs and its lease ends. A kill may come between any two steps; a process that
 * was killed starts again as another one.
 *
 * Inodes are numbers, 0 is none. "The same file" is the identity of the real scheme (device, inode, modification time and
 * record), so a number is given again only when no name and no process's memory has it. That loses nothing, and keeps
 * the state space finite without a bound on the number of rounds.
 *
 * A lock may be judged too old as soon as its holder is not inside the lease that it took it with, which is the earliest
 * moment that the rules permit. A thief that comes later is one that gives up here and comes again. So the worlds differ
 * in what they conclude from a missing OFD lock, and in that a file server may carry out a request twice, the second time
 * at any later moment, when its answer to the first was lost.
 *
 * To be defined by the caller:
 *   WORLD    LOCAL, NETWORK or MIXED (process 0 by local rules, the others by network rules)
 *   RULE     PERMIT, and those that must fail: NAIVE, ASIDE, EXCHANGE
 *   MARKED   the record tells whether its writer has an OFD lock, so that nobody takes the lack of one for a death
 *   REVOKED  whoever takes the lock removes the permit before it proves the lock
 *   STORY    for a trail that people can follow: no states are merged
 */

#define LOCAL 0
#define NETWORK 1
#define MIXED 2

#define PERMIT 0
#define NAIVE 1
#define ASIDE 2
#define EXCHANGE 3

#define N 3
#ifndef MARKED
#define MARKED 1
#endif
#ifndef REVOKED
#define REVOKED 1
#endif

/* FILE.lock. */
byte name;

/*
 * FILE.lock.steal. An open directory that was removed never comes back, so all that a process can have open is the one
 * that is there or one that is good for nothing. What lies in it matters only in so far as it is not empty.
 */
bit directory;
bit filled;

/* What a process does next. */
#define START 0
#define LINK 1         /* link(post, name) */
#define CONFIRM 2      /* network: open(post), open(name); link(2) may lie */
#define MKDIR 3        /* mkdir(FILE.lock.steal), EEXIST is fine */
#define OPENDIR 4      /* open it */
#define LOOK 5         /* open(name): still stale? */
#define MOVE 6         /* renameat(directory, name, permit, unique) */
#define RMDIR 7        /* who took the lock: rmdir(FILE.lock.steal) */
#define LIST 8         /* it was not empty: open it, read it, look again whether the lock is ours */
#define EMPTY 9        /* unlinkat(permit, every name that was read) */
#define PROVE 10       /* inside the lease, and open(name) is ours */
#define INSIDE 11
#define LEAVE_PROVE 12
#define LEAVE_MOVE 13  /* as MOVE */
#define LEAVE_UNLINK 14
#define LEAVE_RMDIR 15
#define UNLINK 16      /* naive: unlink(name) */
#define LOOK_ASIDE 17  /* aside: open(aside): was it the victim? */
#define BACK 18        /* aside: link(aside, name), unlink(aside) */
#define SWAP 19        /* exchange: renameat2(post, name, RENAME_EXCHANGE) */
#define SWAP_BACK 20

byte pc[N];
byte mine[N];          /* the lock file that we made */
bit lease[N];          /* inside the lease that it was taken with */
byte victim[N];
byte aside[N];         /* what we moved to our own unique name */
bit permit[N];         /* we have FILE.lock.steal open, and it was not removed since */
bit inside[N];         /* proven, and inside the lease */

#if WORLD == LOCAL
#define network(p) 0
#elif WORLD == NETWORK
#define network(p) 1
#else
#define network(p) ((p) != 0)
#endif

#define any(f) (f(0) || f(1) || f(2))

/* An inode number that nobody knows. */
#define knows(p) (mine[p] == fresh || victim[p] == fresh || aside[p] == fresh)
inline allocate() {
  fresh = 1;
  do
  :: name == fresh || any(knows) -> fresh++
  :: else -> break
  od
}

/* Whether the file that has the name may be stolen, by `me`. Age and death are lasting, so looking and judging are one. */
#if MARKED
#define respected(p) (lease[p] && mine[p] == name)
#else
/* A lock made by network rules has no OFD lock; by local rules that looks as if its writer had died. */
#define respected(p) (lease[p] && mine[p] == name && (network(me) || !network(p)))
#endif
#define stale (name != 0 && !any(respected))
#define proven (name == mine[me] && lease[me])
#define isInside(p) (inside[p])

/* Closes and forgets everything; what has a name stays there. */
inline forget() {
  mine[me] = 0; lease[me] = 0; victim[me] = 0; aside[me] = 0; permit[me] = 0; inside[me] = 0; pc[me] = START
}

inline revoke() { directory = 0; permit[0] = 0; permit[1] = 0; permit[2] = 0 }

/* The name is ours. */
inline taken() { victim[me] = 0; aside[me] = 0; pc[me] = (RULE == PERMIT && REVOKED -> RMDIR : PROVE) }

/*
 * Two states that differ only in the numbers of their inodes are one, and so are two that differ only in which of two
 * processes with equal rules is which (not when a trail is to be read: then STORY is defined).
 */
c_code {
static void renumber(unsigned char *inode, unsigned char *number, int *last) {
  if (*inode == 0) return;
  if (number[*inode] == 0) number[*inode] = ++*last;
  *inode = number[*inode];
}

/* All that a process is, in one place to be compared and exchanged. */
struct Self { unsigned char state[7]; };

static struct Self get(int p) {
  struct Self self = { { now.pc[p], now.mine[p], now.lease[p], now.victim[p], now.aside[p], now.permit[p], now.inside[p] } };
  return self;
}

static void put(int p, struct Self self) {
  unsigned char *s = self.state;
  now.pc[p] = s[0]; now.mine[p] = s[1]; now.lease[p] = s[2]; now.victim[p] = s[3]; now.aside[p] = s[4];
  now.permit[p] = s[5]; now.inside[p] = s[6];
}

static void canonical(int firstEqual) {
  unsigned char number[64] = { 0 };
  int last = 0, p, q;
  for (p = firstEqual; p < N - 1; p++) {
    for (q = p + 1; q < N; q++) {
      struct Self a = get(p), b = get(q);
      if (memcmp(&a, &b, sizeof a) > 0) { put(p, b); put(q, a); }
    }
  }
  renumber(&now.name, number, &last);
  for (p = 0; p < N; p++) {
    renumber(&now.mine[p], number, &last);
    renumber(&now.victim[p], number, &last);
    renumber(&now.aside[p], number, &last);
  }
}
}

#ifdef STORY
#define canonicalize skip
#define tell(what) printf("process %d: ", me); printf(what); printf("\n")
#else
#define canonicalize c_code { canonical(WORLD == MIXED); }
#define tell(what) skip
#endif

/* The guard of every step, to be followed by what it does. */
#define at(s) pc[me] == s -> tell(#s)

proctype Process(byte me) {
  byte fresh;
  do
  /* --- Taking ---------------------------------------------------------------------------------------------------- */

  /* The lease begins, by CLOCK_BOOTTIME; then the post is touched. It is made here and has no part to play before. */
  :: d_step { at(START); lease[me] = 1; pc[me] = LINK; canonicalize }

  /* link(post, name) succeeds for one, atomically. Who sees that it is busy may be a thief. */
  :: d_step { at(LINK);
       if
       :: name == 0 ->
          allocate(); name = fresh; mine[me] = fresh; fresh = 0;
          if
          :: network(me) -> pc[me] = CONFIRM
          :: else -> taken()
          fi
       :: else -> pc[me] = (RULE == PERMIT -> MKDIR : LOOK)
       fi;
       canonicalize
     }

  /* The request is carried out again: whatever happened to the name meanwhile, the post has it again. */
  :: d_step { pc[me] == CONFIRM && name == 0 -> tell("LINK, again"); name = mine[me]; canonicalize }

  :: d_step { at(CONFIRM);
       if
       :: name == mine[me] -> taken()
       :: else -> forget()
       fi;
       canonicalize
     }

#if RULE == PERMIT
  /* --- The permit: it is opened before the look, so that who takes the lock after the look can stop the rename ----- */

  :: d_step { at(MKDIR); directory = 1; pc[me] = OPENDIR; canonicalize }

  :: d_step { at(OPENDIR);
       if
       :: directory -> permit[me] = 1; pc[me] = (mine[me] == 0 -> LOOK : LEAVE_PROVE)
       :: else -> pc[me] = MKDIR
       fi;
       canonicalize
     }

  /*
   * Whatever has the name goes, but only while that directory is there (ENOENT, ESTALE). So it is the victim, or a lock
   * that is not proven yet and then never will be: nothing is put back. A thief takes the lock as everybody does.
   */
  :: d_step { at(MOVE);
       if
       :: permit[me] && name != 0 -> name = 0; filled = 1
       :: else
       fi;
       forget();
       canonicalize
     }
  :: d_step { pc[me] == MOVE && network(me) && permit[me] && name != 0 ->
       tell("MOVE, will be sent again"); name = 0; filled = 1; canonicalize }

  /* Who took the lock: every rename that was decided on before fails from here on. */
  :: d_step { at(RMDIR);
       if
       :: filled -> pc[me] = LIST  /* ENOTEMPTY */
       :: else -> revoke(); pc[me] = PROVE
       fi;
       canonicalize
     }

  :: d_step { at(LIST);
       if
       :: !proven -> forget()
       :: directory -> permit[me] = 1; pc[me] = EMPTY
       :: else -> pc[me] = RMDIR
       fi;
       canonicalize
     }

  /* What comes between this and the removal makes the removal fail. */
  :: d_step { at(EMPTY);
       if
       :: permit[me] -> filled = 0
       :: else
       fi;
       permit[me] = 0; pc[me] = RMDIR;
       canonicalize
     }
#endif

  /* --- Stealing -------------------------------------------------------------------------------------------------- */

  /* open(name, O_RDONLY | O_NOFOLLOW), fstat, read, F_OFD_GETLK: the victim. */
  :: d_step { at(LOOK);
       if
       :: stale ->
          lease[me] = 0;
#if RULE == PERMIT
          pc[me] = MOVE
#else
          victim[me] = name;
          pc[me] = (RULE == NAIVE -> UNLINK : (RULE == ASIDE -> MOVE : SWAP))
#endif
       :: else -> forget()
       fi;
       canonicalize
     }

#if RULE == NAIVE
  :: d_step { at(UNLINK); name = 0; forget(); canonicalize }
#endif

#if RULE == ASIDE
  /* rename(name, aside): whatever has the name goes. */
  :: d_step { at(MOVE);
       if
       :: name == 0 -> forget()  /* ENOENT */
       :: else -> aside[me] = name; name = 0; pc[me] = LOOK_ASIDE
       fi;
       canonicalize
     }

  :: d_step { at(LOOK_ASIDE);
       if
       :: aside[me] == victim[me] -> forget()
       :: else -> pc[me] = BACK
       fi;
       canonicalize
     }

  :: d_step { at(BACK);
       if
       :: name == 0 -> name = aside[me]
       :: else  /* EEXIST: somebody took the name meanwhile */
       fi;
       forget();
       canonicalize
     }
#endif

#if RULE == EXCHANGE
  /* ENOENT when there is nothing to exchange with. */
  :: d_step { at(SWAP);
       if
       :: name == 0 -> forget()
       :: else ->
          allocate(); mine[me] = fresh; fresh = 0; lease[me] = 1;
          aside[me] = name; name = mine[me];
          if
          :: aside[me] == victim[me] -> taken()
          :: else -> pc[me] = SWAP_BACK
          fi
       fi;
       canonicalize
     }

  :: d_step { at(SWAP_BACK);
       if
       :: name == 0
       :: else -> name = aside[me]
       fi;
       forget();
       canonicalize
     }
#endif

  /* --- Inside ---------------------------------------------------------------------------------------------------- */

  /* The clock, then open(name), fstat, read. The lease may end at once afterwards, but not before. */
  :: d_step { at(PROVE);
       if
       :: proven -> assert(!any(isInside)); inside[me] = 1; pc[me] = INSIDE
       :: else -> forget()
       fi;
       canonicalize
     }

  /* A process that is done stops to believe that it is inside before it begins to leave. */
  :: d_step { at(INSIDE); inside[me] = 0; pc[me] = (RULE == PERMIT -> MKDIR : LEAVE_PROVE); canonicalize }

  /* --- Leaving --------------------------------------------------------------------------------------------------- */

#if RULE != PERMIT
  /* Look and unlink as one, which no system has: what fails here fails by the steal alone. */
  :: d_step { at(LEAVE_PROVE);
       if
       :: proven -> name = 0
       :: else
       fi;
       forget();
       canonicalize
     }
#else
  /* Inside the lease only. */
  :: d_step { at(LEAVE_PROVE);
       if
       :: proven -> pc[me] = LEAVE_MOVE
       :: else -> forget()
       fi;
       canonicalize
     }

  /* If somebody removed the directory, the next one will do. */
  :: d_step { at(LEAVE_MOVE);
       if
       :: !permit[me] -> pc[me] = MKDIR
       :: permit[me] && name != 0 -> name = 0; filled = 1; pc[me] = LEAVE_UNLINK
       :: else -> forget()
       fi;
       canonicalize
     }
  :: d_step { pc[me] == LEAVE_MOVE && network(me) && permit[me] && name != 0 ->
       tell("LEAVE_MOVE, will be sent again"); name = 0; filled = 1; canonicalize }

  /* unlinkat(permit, unique): nothing else may be there, or something. */
  :: d_step { at(LEAVE_UNLINK);
       if
       :: permit[me] -> filled = 0
       :: else
       fi;
       permit[me] = 0; mine[me] = 0; lease[me] = 0; pc[me] = LEAVE_RMDIR;
       canonicalize
     }
  :: d_step { pc[me] == LEAVE_UNLINK -> tell("LEAVE_UNLINK, other files stay");
       permit[me] = 0; mine[me] = 0; lease[me] = 0; pc[me] = LEAVE_RMDIR; canonicalize }

  /* rmdir(FILE.lock.steal): by name, whoever made it and has it open. */
  :: d_step { at(LEAVE_RMDIR);
       if
       :: !filled -> revoke()
       :: else
       fi;
       forget();
       canonicalize
     }
#endif

  /* --- What happens to a process ----------------------------------------------------------------------------------- */

  /* A lease ends, and with it the belief. */
  :: d_step { lease[me] -> tell("the lease ends"); lease[me] = 0; inside[me] = 0; canonicalize }

  /* SIGKILL. */
  :: d_step { pc[me] != START -> tell("killed"); forget(); canonicalize }
  od
}

init {
  byte i;
  atomic { for (i : 0 .. N - 1) { run Process(i) } }
}
