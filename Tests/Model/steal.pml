/*
 * Taking, proving, leaving and stealing FILE.lock: may two processes be inside at the same time?
 *
 * Tests/Model/run checks every variant exhaustively. The scheme is told in mailbox-locking(7).
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
 * What a real inode carries is not stored but follows from who has it open, so it cannot go stale here either:
 *   - the OFD lock "my writer lives": some process has it in `mine`. A kill and a close clear `mine`.
 *   - flock: some process has it in `flocked`.
 *   - its age: a lock may be judged too old as soon as its holder is not inside the lease that it took it with, which is
 *     the earliest moment that the rules permit. A thief that comes later is one that gives up here and comes again.
 *
 * To be defined by the caller:
 *   WORLD    LOCAL, NETWORK or MIXED (process 0 by local rules, the others by network rules)
 *   RULE     DESIGN, PERMIT, and those that must fail: NAIVE, ASIDE, EXCHANGE
 *   GUARDED  a thief takes FILE.lock.steal first
 *   MARKED   the record tells whether its writer has an OFD lock, so that nobody takes the lack of one for a death
 *   FOREVER  the guard of a killed process is never stolen, so that somebody has to remove it by hand
 *   PROMPT   no pause outlasts a lease between the last look and the change of the directory that follows it
 *   STORY    for a trail that people can follow: no states are merged
 *   ALONE    at any moment all processes but the last may be killed for good: does that one get in?
 */

#define LOCAL 0
#define NETWORK 1
#define MIXED 2

#define DESIGN 0
#define PERMIT 1
#define NAIVE 2
#define ASIDE 3
#define EXCHANGE 4

#define N 3
#ifndef GUARDED
#define GUARDED 0
#endif
#ifndef MARKED
#define MARKED 1
#endif

/* The two lock files: a process works at one of them at a time, `level`. */
#define LOCK 0
#define GUARD 1
byte name[2];

/* What a process does next. */
#define START 0
#define LINK 1        /* link(post, name) */
#define CONFIRM 2     /* network: link(2) may lie; open(name) tells */
#define LOOK 3        /* open(name): busy, and is it stale? */
#define OPEN 4        /* the thief opens its victim */
#define FLOCK 5       /* local: flock(victim, LOCK_EX | LOCK_NB) */
#define RECHECK 6     /* open(name): still the victim? */
#define REPLACE 7     /* local: rename(post, name) */
#define MOVE 8        /* network: rename(name, aside) */
#define LOOK_ASIDE 9  /* open(aside): was it the victim? */
#define BACK 10       /* link(aside, name), unlink(aside) */
#define PROVE 11      /* inside the lease, and open(name) is ours */
#define INSIDE 12
#define LEAVE 13      /* local: flock(own lock file) */
#define LEAVE_PROVE 14
#define LEAVE_UNLINK 15
#define LEAVE_MOVE 16
#define LEAVE_LOOK 17
#define REVOKE 18     /* permit: rmdir(FILE.lock.steal), after the link and before the proof */
#define UNLINK 19     /* naive: unlink(name) */
#define SWAP 20       /* exchange: renameat2(post, name, RENAME_EXCHANGE) */
#define SWAP_BACK 21
#define PERMISSION 22 /* permit: mkdir(FILE.lock.steal), open it */
#define REACHED 23   /* alone: the survivor got in */

byte pc[N];
bit level[N];
byte mine[2 * N];     /* the lock file that we made and have open: it has our OFD lock */
bit lease[2 * N];     /* inside the lease that it was taken with */
byte victim[N];
byte aside[N];        /* what we moved to our own unique name */
byte flocked[N];
bit permit[N];        /* we have FILE.lock.steal open as a directory, and it was not removed since */
bit inside[N];        /* proven, and inside the lease */

#define AT(p) (2 * (p) + level[p])

/* The processes from here on have equal rules. */
#define FIRST_EQUAL (WORLD == MIXED)

#if WORLD == LOCAL
#define network(p) 0
#elif WORLD == NETWORK
#define network(p) 1
#else
#define network(p) ((p) != 0)
#endif

#define any(f) (f(0) || f(1) || f(2))

/* An inode number that nobody knows. */
#define knows(p) (mine[2 * (p)] == fresh || mine[2 * (p) + 1] == fresh || victim[p] == fresh || aside[p] == fresh)
inline allocate() {
  fresh = 1;
  do
  :: name[LOCK] == fresh || name[GUARD] == fresh || any(knows) -> fresh++
  :: else -> break
  od
}

/* Whether the file that has the name of our level may be stolen, by `me`. */
#define heldInLease(p) (lease[2 * (p) + level[me]] && mine[2 * (p) + level[me]] == name[level[me]])
#if WORLD == MIXED && !MARKED
/* A lock made by network rules has no OFD lock; by local rules that looks as if its writer had died. */
#define looksAlive(p) (heldInLease(p) && (network(me) || !network(p)))
#define stale (name[level[me]] != 0 && !any(looksAlive))
#else
#define stale (name[level[me]] != 0 && !any(heldInLease))
#endif

#define isInside(p) (inside[p])
#define hasFlock(p) (flocked[p] == wanted)

/* Closes and forgets everything; what has a name in the directory stays there. Our aside is litter that nobody reads. */
inline forget() {
  mine[2 * me] = 0; mine[2 * me + 1] = 0;
  lease[2 * me] = 0; lease[2 * me + 1] = 0;
  victim[me] = 0; aside[me] = 0; flocked[me] = 0; permit[me] = 0; inside[me] = 0; level[me] = LOCK;
  pc[me] = START
}

/* Nothing to be had: leave the guard, if we have one, and begin again. */
inline abandon() {
  victim[me] = 0; aside[me] = 0; flocked[me] = 0; permit[me] = 0;
  mine[2 * me] = 0; lease[2 * me] = 0;
  if
  :: mine[2 * me + 1] != 0 -> level[me] = GUARD; pc[me] = LEAVE
  :: else -> forget()
  fi
}

/* The name is ours. A guard is for stealing; a thief that has the lock leaves the guard, then proves the lock. */
inline taken() {
  victim[me] = 0; flocked[me] = 0; aside[me] = 0;
  if
  :: level[me] == GUARD -> level[me] = LOCK; pc[me] = OPEN
  :: level[me] == LOCK && mine[2 * me + 1] != 0 -> level[me] = GUARD; pc[me] = LEAVE
  :: else -> pc[me] = (RULE == PERMIT -> REVOKE : PROVE)
  fi
}

/* The lock or the guard was left, or is left alone because its lease is over or somebody else has the name. */
inline left() {
  flocked[me] = 0; aside[me] = 0; permit[me] = 0;
  mine[AT(me)] = 0; lease[AT(me)] = 0;
  if
  :: level[me] == GUARD && mine[2 * me] != 0 -> level[me] = LOCK; pc[me] = PROVE
  :: else -> forget()
  fi
}

/* Our guard is good, as far as we know: by the guard's own lease. Nobody steals it before that is over. */
#if GUARDED
#define guardGood (level[me] == GUARD || lease[2 * me + 1])
#else
#define guardGood 1
#endif

/* Time passes anywhere, except that PROMPT leaves no time between a look and the change that it was for. */
#ifdef PROMPT
#define hurried (pc[me] >= MOVE && pc[me] <= BACK || pc[me] == REPLACE || pc[me] == LEAVE_UNLINK || \
  pc[me] == LEAVE_MOVE || pc[me] == LEAVE_LOOK)
#else
#define hurried 0
#endif

/* The survivor of ALONE: its leases do not end, and it has to get in. */
#ifdef ALONE
/* The survivor's own steps since it is alone: more than this, and it goes round in circles. */
#define ENOUGH 40
byte steps;
bit alone;
#define SURVIVOR (N - 1)
#define may (!alone || me == SURVIVOR)
inline kill(p) {
  mine[2 * p] = 0; mine[2 * p + 1] = 0; lease[2 * p] = 0; lease[2 * p + 1] = 0;
  victim[p] = 0; aside[p] = 0; flocked[p] = 0; permit[p] = 0; inside[p] = 0; level[p] = LOCK; pc[p] = START
}
#define count if :: alone -> steps++; assert(steps < ENOUGH) :: else fi
#define others !alone
#else
#define may 1
#define count skip
#define others 1
#endif

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
struct Self { unsigned char state[16]; };

static struct Self get(int p) {
  struct Self self = { { now.pc[p], now.level[p], now.mine[2 * p], now.mine[2 * p + 1], now.lease[2 * p],
    now.lease[2 * p + 1], now.victim[p], now.aside[p], now.flocked[p], now.permit[p], now.inside[p] } };
  return self;
}

static void put(int p, struct Self self) {
  unsigned char *s = self.state;
  now.pc[p] = s[0]; now.level[p] = s[1]; now.mine[2 * p] = s[2]; now.mine[2 * p + 1] = s[3]; now.lease[2 * p] = s[4];
  now.lease[2 * p + 1] = s[5]; now.victim[p] = s[6]; now.aside[p] = s[7]; now.flocked[p] = s[8];
  now.permit[p] = s[9]; now.inside[p] = s[10];
}

static void canonical(int firstEqual, int lastEqual) {
  unsigned char number[64] = { 0 };
  int last = 0, p, q;
  for (p = firstEqual; p < lastEqual; p++) {
    for (q = p + 1; q <= lastEqual; q++) {
      struct Self a = get(p), b = get(q);
      if (memcmp(&a, &b, sizeof a) > 0) { put(p, b); put(q, a); }
    }
  }
  renumber(&now.name[0], number, &last);
  renumber(&now.name[1], number, &last);
  for (p = 0; p < N; p++) {
    renumber(&now.mine[2 * p], number, &last);
    renumber(&now.mine[2 * p + 1], number, &last);
    renumber(&now.victim[p], number, &last);
    renumber(&now.aside[p], number, &last);
    renumber(&now.flocked[p], number, &last);
  }
}
}

#ifdef STORY
#define canonicalize skip
#elif defined(ALONE)
#define canonicalize c_code { canonical(FIRST_EQUAL, N - 2); }
#else
#define canonicalize c_code { canonical(FIRST_EQUAL, N - 1); }
#endif

/* The guard of every step, to be followed by what it does. */
#define at(s) pc[me] == s && may -> count; tell(#s)

/* What `run -t` prints. */
#ifdef STORY
#define tell(what) \
  if \
  :: level[me] == GUARD -> printf("process %d, guard: ", me) \
  :: else -> printf("process %d, lock:  ", me) \
  fi; \
  printf(what); printf("\n")
#else
#define tell(what) skip
#endif

proctype Process(byte me) {
  byte fresh, wanted;
  do
  /* --- Taking ---------------------------------------------------------------------------------------------------- */

  /* The lease begins, by CLOCK_BOOTTIME; then the post is touched. It is made here and has no part to play before. */
  :: d_step { at(START); level[me] = LOCK; lease[2 * me] = 1; pc[me] = LINK; canonicalize }

  /* link(post, name) succeeds for one, atomically. */
  :: d_step { at(LINK);
       if
       :: name[level[me]] == 0 ->
          allocate(); name[level[me]] = fresh; mine[AT(me)] = fresh;
          if
          :: network(me) && RULE == DESIGN -> pc[me] = CONFIRM
          :: else -> taken()
          fi
       :: else ->
          if
          :: mine[2 * me + 1] != 0 -> abandon()  /* a thief that came too late */
          :: else -> pc[me] = LOOK
          fi
       fi;
       fresh = 0;
       canonicalize
     }

  :: d_step { at(CONFIRM);
       if
       :: name[level[me]] == mine[AT(me)] -> taken()
       :: else -> mine[AT(me)] = 0; abandon()
       fi;
       canonicalize
     }

  /* open(name), fstat, read, F_OFD_GETLK: busy. Age and death are lasting, so looking and judging may be one. */
  :: d_step { at(LOOK);
       if
       :: stale ->
          if
          :: level[me] == GUARD -> /* nobody guards the guard */
#ifdef FOREVER
             abandon()
#else
             pc[me] = OPEN
#endif
          :: level[me] == LOCK && GUARDED -> level[me] = GUARD; lease[2 * me + 1] = 1; pc[me] = LINK
          :: else -> pc[me] = (RULE == PERMIT -> PERMISSION : OPEN)
          fi
       :: else -> abandon()
       fi;
       canonicalize
     }
  :: d_step { pc[me] == LOOK && others -> tell("LOOK, gives up"); abandon(); canonicalize }  /* not yet */

  /* --- Stealing -------------------------------------------------------------------------------------------------- */

  /* open(name, O_RDONLY | O_NOFOLLOW): the victim, judged again. */
  :: d_step { at(OPEN);
       if
       :: stale && guardGood ->
          victim[me] = name[level[me]];
#if RULE == NAIVE
          pc[me] = UNLINK
#elif RULE == EXCHANGE
          lease[AT(me)] = 1; pc[me] = SWAP
#elif RULE == ASIDE || RULE == PERMIT
          pc[me] = MOVE
#else
          pc[me] = (network(me) -> MOVE : FLOCK)
#endif
       :: else -> abandon()
       fi;
       canonicalize
     }

#if RULE == DESIGN && WORLD != NETWORK
  :: d_step { at(FLOCK);
       wanted = victim[me];
       if
       :: any(hasFlock) -> abandon()
       :: else -> flocked[me] = wanted; pc[me] = RECHECK
       fi;
       wanted = 0;
       canonicalize
     }

  /* Then the lease begins, and the post is touched. */
  :: d_step { at(RECHECK);
       if
       :: name[level[me]] == victim[me] && guardGood -> lease[AT(me)] = 1; pc[me] = REPLACE
       :: else -> abandon()
       fi;
       canonicalize
     }

  /* rename(post, name): whatever has the name is replaced, atomically. */
  :: d_step { at(REPLACE);
       allocate(); name[level[me]] = fresh; mine[AT(me)] = fresh; fresh = 0;
       taken();
       canonicalize
     }
#endif

#if RULE == DESIGN && WORLD != LOCAL || RULE == ASIDE
  /* rename(name, aside): whatever has the name goes. */
  :: d_step { at(MOVE);
       if
       :: name[level[me]] == 0 -> abandon()  /* ENOENT */
       :: else -> aside[me] = name[level[me]]; name[level[me]] = 0; pc[me] = LOOK_ASIDE
       fi;
       canonicalize
     }

  /* Ours to take: unlink(aside), start the lease, touch the post, link it. */
  :: d_step { at(LOOK_ASIDE);
       if
       :: aside[me] == victim[me] -> aside[me] = 0; victim[me] = 0; lease[AT(me)] = 1; pc[me] = LINK
       :: else -> pc[me] = BACK
       fi;
       canonicalize
     }

  :: d_step { at(BACK);
       if
       :: name[level[me]] == 0 -> name[level[me]] = aside[me]
       :: else  /* EEXIST: somebody took the name meanwhile */
       fi;
       if
       :: mine[AT(me)] != 0 -> left()  /* it was our own lock that we wanted to move */
       :: else -> abandon()
       fi;
       canonicalize
     }
#endif

#if RULE == NAIVE
  :: d_step { at(UNLINK); name[level[me]] = 0; victim[me] = 0; lease[AT(me)] = 1; pc[me] = LINK; canonicalize }
#endif

#if RULE == EXCHANGE
  /* renameat2(post, name, RENAME_EXCHANGE): ENOENT when there is nothing to exchange with. */
  :: d_step { at(SWAP);
       if
       :: name[level[me]] == 0 -> abandon()
       :: else ->
          allocate(); mine[AT(me)] = fresh; fresh = 0;
          aside[me] = name[level[me]]; name[level[me]] = mine[AT(me)];
          if
          :: aside[me] == victim[me] -> taken()
          :: else -> pc[me] = SWAP_BACK
          fi
       fi;
       canonicalize
     }

  :: d_step { at(SWAP_BACK);
       if
       :: name[level[me]] == 0
       :: else -> name[level[me]] = aside[me]
       fi;
       abandon();
       canonicalize
     }
#endif

#if RULE == PERMIT
  /* mkdir(FILE.lock.steal), EEXIST is fine, and open it: from here on, whoever takes the lock can stop us. */
  :: d_step { at(PERMISSION); permit[me] = 1; pc[me] = (mine[2 * me] != 0 -> LEAVE_PROVE : OPEN); canonicalize }

  /*
   * renameat(directory, FILE.lock, permit, unique): whatever has the name goes, but only while the directory that was
   * opened before the look exists (ENOENT, ESTALE). So it is the victim, or a lock that is not proven yet and then never
   * will be: nothing is put back.
   */
  :: d_step { at(MOVE);
       if
       :: permit[me] && name[LOCK] != 0 -> name[LOCK] = 0; permit[me] = 0; victim[me] = 0; lease[2 * me] = 1; pc[me] = LINK
       :: else -> abandon()
       fi;
       canonicalize
     }

  /* rmdir(FILE.lock.steal), emptied first: every rename that was meant for an earlier lock fails from here on. */
  :: d_step { at(REVOKE);
       permit[0] = 0; permit[1] = 0; permit[2] = 0;
       pc[me] = PROVE;
       canonicalize
     }
#endif

  /* --- Inside ---------------------------------------------------------------------------------------------------- */

  /* The clock, then open(name), fstat, read. The lease may end at once afterwards, but not before. */
  :: d_step { at(PROVE);
       if
       :: name[LOCK] == mine[2 * me] && lease[2 * me] ->
          assert(!any(isInside));
          inside[me] = 1; pc[me] = (others -> INSIDE : REACHED)
       :: else -> forget()
       fi;
       canonicalize
     }

  /* A process that is done stops to believe that it is inside before it begins to leave. */
  :: d_step { at(INSIDE); inside[me] = 0; pc[me] = (RULE == PERMIT -> PERMISSION : LEAVE); canonicalize }

  /* --- Leaving --------------------------------------------------------------------------------------------------- */

  /* flock(own lock file, LOCK_EX | LOCK_NB): a thief that has it may have the name. */
  :: d_step { at(LEAVE);
       wanted = mine[AT(me)];
       if
       :: network(me) -> pc[me] = LEAVE_PROVE
       :: !network(me) && any(hasFlock) -> left()
       :: else -> flocked[me] = wanted; pc[me] = LEAVE_PROVE
       fi;
       wanted = 0;
       canonicalize
     }

  /* Inside the lease only. */
  :: d_step { at(LEAVE_PROVE);
       if
       :: name[level[me]] == mine[AT(me)] && lease[AT(me)] ->
          pc[me] = (RULE == PERMIT || network(me) -> LEAVE_MOVE : LEAVE_UNLINK)
       :: else -> left()
       fi;
       canonicalize
     }

#if RULE != PERMIT
  /* unlink(name): whatever has the name goes. */
  :: d_step { at(LEAVE_UNLINK); name[level[me]] = 0; left(); canonicalize }

  /* rename(name, aside), so that a retransmitted request finds nothing; look; put back what was not ours. */
  :: d_step { at(LEAVE_MOVE);
       if
       :: name[level[me]] == 0 -> left()
       :: else -> aside[me] = name[level[me]]; name[level[me]] = 0; pc[me] = LEAVE_LOOK
       fi;
       canonicalize
     }

  :: d_step { at(LEAVE_LOOK);
       if
       :: aside[me] == mine[AT(me)] -> left()
       :: else -> pc[me] = BACK
       fi;
       canonicalize
     }
#else
  /* As for a thief: the directory was opened before the proof. If somebody removed it, the next one will do. */
  :: d_step { at(LEAVE_MOVE);
       if
       :: permit[me] -> name[LOCK] = 0; left()
       :: else -> pc[me] = PERMISSION
       fi;
       canonicalize
     }
#endif

  /* --- What happens to a process ----------------------------------------------------------------------------------- */

  /* A lease ends, and with it the belief. */
  :: d_step { lease[2 * me] && others && !hurried -> tell("the lease ends"); lease[2 * me] = 0; inside[me] = 0; canonicalize }
  :: d_step { lease[2 * me + 1] && others && !hurried -> tell("the guard's lease ends"); lease[2 * me + 1] = 0; canonicalize }

  /* SIGKILL: the kernel closes everything. */
  :: d_step { pc[me] != START && others -> tell("killed"); forget(); canonicalize }

#ifdef ALONE
  /* All the others are killed, and none of them starts again. */
  :: d_step { me != SURVIVOR && !alone -> alone = 1; kill(0); kill(1); canonicalize }
  :: pc[me] == REACHED -> skip
#endif
  od
}

init {
  byte i;
  atomic { for (i : 0 .. N - 1) { run Process(i) } }
}
