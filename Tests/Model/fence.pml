/*
 * What becomes of a writer that comes too late, and of a replacement of the mailbox that comes too late?
 *
 * Tests/Model/run checks every variant exhaustively. The scheme is told in mailbox-locking(7). steal.pml has the steps of
 * taking, leaving and stealing one by one; here they are the frame, and these are checked:
 *   - two are never inside at the same time;
 *   - no late write: what is written by somebody whose lock was stolen does not land in the file that is the mailbox, once
 *     a successor has been inside;
 *   - no late replacement: a copy that was prepared by somebody whose lock was stolen does not replace the mailbox, once
 *     a successor has been inside;
 *   - no lost write: what is written in time lands in the file that is the mailbox.
 *
 * As there, one d_step is what the kernel or the file server does as one; a pause, the end of a lease and a kill may come
 * between any two; and a file server may carry out a request twice. Three simplifications, each of which leaves out only
 * what another order of the steps that are left shows as well:
 *   - a directory is opened in the step that needs it: if it was removed in between, that step fails, and the process
 *     opens the next one;
 *   - what lies in the permit is read in the step that lists it: what is owed is not owed less a moment later, except by
 *     what a process did that wrote the debt into its own record first;
 *   - the record changes in the step that makes it change, which is earlier where a debt is paid and later where it is
 *     made: a debt is seen for a shorter time than in truth, and more of it does no harm.
 * An owner's clearing away may come at any time and by anybody, which is more than it does.
 *
 * A file whose process is gone is remembered by what it means to whoever finds it; several that mean the same are one.
 *
 * To be defined by the caller:
 *   WORLD    LOCAL, NETWORK or MIXED (process 0 by local rules, on the file server; the others by network rules)
 *   DEBT     who finds a stolen lock file owes a fence
 *   SURE     the lock is proven after the permit is read and before what was found there is removed
 *   REVOKED  whoever takes the lock removes the permit before it proves the lock
 *   WITHIN   the copy of the mailbox is renamed from within the permit
 *   ANYBODY  F_SETLEASE is believed whoever the late writer is, though it knows only those on this host
 *   EARLY    the mailbox is opened before the lock is taken, and not looked at again
 *   STORY    for a trail that people can follow: no states are merged
 */

#define LOCAL 0
#define NETWORK 1
#define MIXED 2

#define N 3
#ifndef DEBT
#define DEBT 1
#endif
#ifndef SURE
#define SURE 1
#endif
#ifndef REVOKED
#define REVOKED 1
#endif
#ifndef WITHIN
#define WITHIN 1
#endif
#ifndef ANYBODY
#define ANYBODY 0
#endif
#ifndef EARLY
#define EARLY 0
#endif

/* FILE.lock: none, the file of process p, or one whose process is gone. */
#define OF(p) ((p) + 1)
#define OF_DEAD 4   /* proven dead, and nothing owed */
#define OF_OWING 5  /* by network rules, or owing */
byte name;

/* What lies in FILE.lock.steal. */
#define FILE(p) (1 << (p))  /* the file of process p, which lives, both by local rules; moved by a thief by local rules */
#define COPY(p) (8 << (p))  /* the copy of the mailbox that process p has prepared */
#define OWED 64             /* any other stolen file that means a debt */
#define JUNK 128            /* what means none: released, or of the dead */
byte content;

/* What a process does next. */
#define START 0
#define MOVE 1         /* thief: renameat(directory, FILE.lock, permit, unique) */
#define REVOKE 2       /* who took the lock: rmdir(FILE.lock.steal), read it if it is not empty */
#define RECORD 3       /* write down what is owed, then look whether the lock is ours */
#define EMPTY 4        /* unlinkat(permit, every name that was read) */
#define PAY 5          /* copy the mailbox into the permit */
#define FENCE_PROVE 6
#define FENCE 7        /* renameat(permit, copy, directory, mailbox) */
#define PROVE 8
#define WRITE 9
#define LEAVE 10       /* open the permit, look whether the lock is ours */
#define LEAVE_MOVE 11  /* renameat(directory, FILE.lock, permit, unique) */

byte pc[N];
bit lease[N];    /* inside the lease */
bit permit[N];   /* we have FILE.lock.steal open, and it was not removed since */
byte list[N];    /* what we read there, and is still there */
bit found[N];    /* something of that means a debt */
bit owes[N];     /* our record says so */
bit remote[N];   /* and the late writer may be one that F_SETLEASE does not know of */
bit current[N];  /* we have open the file that is the mailbox */
bit late[N];     /* we are about to write or to rename, and a successor was inside after our proof */

#if WORLD == LOCAL
#define network(p) 0
#elif WORLD == NETWORK
#define network(p) 1
#else
#define network(p) ((p) != 0)
#endif

#define any(f) (f(0) || f(1) || f(2))
#define proven (name == OF(me) && lease[me])
#define isInside(p) (p != me && pc[p] == WRITE && lease[p])
#define isExposed(p) (p != me && (pc[p] == WRITE || pc[p] == FENCE))
#define isOpen(p) (p != me && current[p] && !network(p))  /* as F_SETLEASE sees it */
#define debtOf(p) (p != me && (content & FILE(p)))
#define inheritedBy(p) (debtOf(p) && owes[p])

/*
 * `entry`, or nothing, becomes `class`, or one more of it. Who has read all that is one now has read it; who has not read
 * one of them will not remove that, so for all the others the class stays whatever they do.
 */
inline enter(entry, class) {
  for (p : 0 .. N - 1) {
    if
    :: (list[p] & (entry)) && (!(content & (class)) || (list[p] & (class))) -> list[p] = list[p] | (class)
    :: else -> list[p] = list[p] & ~(class)
    fi;
    list[p] = list[p] & ~(entry)
  }
  p = 0;
  content = (content & ~(entry)) | (class)
}

inline remove(entry) {
  content = content & ~(entry);
  list[0] = list[0] & content; list[1] = list[1] & content; list[2] = list[2] & content
}

inline removeDirectory() { permit[0] = 0; permit[1] = 0; permit[2] = 0 }

/*
 * FILE.lock goes into the permit. What a thief by network rules moved is owed, whatever it is: its request may be carried
 * out twice, and then the second file has taken the place of the first.
 */
inline steal() {
  if
  :: network(me) || name == OF_OWING -> enter(0, OWED)
  :: else ->
     if
     :: name == OF_DEAD -> enter(0, JUNK)
     :: name <= N ->
        if
        :: network(name - 1) -> enter(0, OWED)
        :: else -> enter(0, FILE(name - 1))
        fi
     fi
  fi;
  name = 0
}

/* Nobody whose debt is unpaid leaves like this, so nothing that it may move by mistake owes for a writer that lives. */
inline release() { enter(0, JUNK); name = 0 }

/* Closes and forgets everything; what has a name stays there, and is what it was. */
inline forget() {
  if
  :: name == OF(me) -> name = (network(me) || owes[me] -> OF_OWING : OF_DEAD)
  :: else
  fi;
  if
  :: content & FILE(me) ->
     if
     :: owes[me] -> enter(FILE(me), OWED)
     :: else -> enter(FILE(me), JUNK)
     fi
  :: else
  fi;
  if
  :: content & COPY(me) -> enter(COPY(me), JUNK)
  :: else
  fi;
  lease[me] = 0; permit[me] = 0; list[me] = 0; found[me] = 0; owes[me] = 0; remote[me] = 0; current[me] = 0; late[me] = 0;
  pc[me] = START
}

/* Two states that differ only in which of two processes with equal rules is which are one. */
c_code {
struct Self { unsigned char state[12]; };

static struct Self get(int p) {
  struct Self self = { { now.pc[p], now.lease[p], now.permit[p], now.found[p], now.owes[p], now.remote[p], now.current[p],
    now.late[p], now.name == p + 1, now.content >> p & 9, now.list[p] >> 6, now.list[p] >> p & 9 } };
  return self;
}

static unsigned char exchanged(unsigned char entries, const int *place) {
  unsigned char result = entries & (64 | 128);
  for (int p = 0; p < N; p++) result |= (entries >> p & 9) << place[p];
  return result;
}

static void canonical(int firstEqual) {
  int order[N] = { 0, 1, 2 }, place[N], p, q;
  struct Self self[N];
  unsigned char list[N];
  for (p = 0; p < N; p++) self[p] = get(p);
  for (p = firstEqual; p < N - 1; p++) {
    for (q = p + 1; q < N; q++) {
      if (memcmp(&self[order[p]], &self[order[q]], sizeof *self) > 0) {
        int other = order[p]; order[p] = order[q]; order[q] = other;
      }
    }
  }
  for (p = 0; p < N; p++) place[order[p]] = p;
  for (p = 0; p < N; p++) list[place[p]] = exchanged(now.list[p], place);
  now.content = exchanged(now.content, place);
  if (now.name >= 1 && now.name <= N) now.name = place[now.name - 1] + 1;
  for (p = 0; p < N; p++) {
    unsigned char *s = self[order[p]].state;
    now.pc[p] = s[0]; now.lease[p] = s[1]; now.permit[p] = s[2]; now.found[p] = s[3]; now.owes[p] = s[4];
    now.remote[p] = s[5]; now.current[p] = s[6]; now.late[p] = s[7]; now.list[p] = list[p];
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
  byte p;
  do
  /* --- Taking ---------------------------------------------------------------------------------------------------- */

  :: d_step { pc[me] == START && name == 0 -> tell("LINK");
       name = OF(me); lease[me] = 1; current[me] = EARLY || !REVOKED; pc[me] = (REVOKED -> REVOKE : PROVE);
       canonicalize
     }

  /* The request is carried out again. */
  :: d_step { pc[me] == REVOKE && network(me) && name == 0 -> tell("LINK, again"); name = OF(me); canonicalize }

  /* The mailbox is opened when the permit is gone. */
  :: d_step { at(REVOKE);
       if
       :: content == 0 -> removeDirectory(); current[me] = current[me] || !EARLY; pc[me] = (owes[me] -> PAY : PROVE)
       :: else ->
          permit[me] = 1; list[me] = content;
          found[me] = DEBT && (any(debtOf) || (content & OWED));
          remote[me] = remote[me] || !network(me) && (any(inheritedBy) || (content & OWED));
          pc[me] = RECORD
       fi;
       canonicalize
     }

  /* By network rules nobody is proven dead. */
#if WORLD == MIXED
  :: d_step { pc[me] == REVOKE && network(me) && (content & JUNK) -> tell("REVOKE, of the dead");
       permit[me] = 1; list[me] = content; found[me] = DEBT; pc[me] = RECORD; canonicalize }
#endif

  /* From here on the debt is in a record that either has the name or is moved by a thief. */
  :: d_step { at(RECORD);
       owes[me] = owes[me] || found[me]; found[me] = 0;
       if
       :: proven || !SURE -> pc[me] = EMPTY
       :: else -> forget()
       fi;
       canonicalize
     }

  :: d_step { at(EMPTY);
       if
       :: permit[me] -> remove(list[me])
       :: else
       fi;
       list[me] = 0; permit[me] = 0; pc[me] = REVOKE;
       canonicalize
     }

  /* --- The fence ------------------------------------------------------------------------------------------------- */

  /* Nobody else has the mailbox open, as far as this kernel knows. */
  :: d_step { pc[me] == PAY && !network(me) && (!remote[me] || ANYBODY) && !any(isOpen) -> tell("F_SETLEASE");
       owes[me] = 0; remote[me] = 0; pc[me] = PROVE; canonicalize }

  /* Too large, or not permitted: the debt is passed on. */
  :: d_step { pc[me] == PAY -> tell("refuses"); current[me] = 0; pc[me] = LEAVE; canonicalize }

  :: d_step { at(PAY); permit[me] = 1; enter(0, COPY(me)); pc[me] = FENCE_PROVE; canonicalize }

  :: d_step { at(FENCE_PROVE);
       if
       :: proven -> pc[me] = FENCE
       :: else -> forget()
       fi;
       canonicalize
     }

  :: d_step { at(FENCE);
       if
       :: (content & COPY(me)) || !WITHIN ->
          assert(!late[me] /* late replacement */);
          remove(COPY(me)); permit[me] = 0;
          current[0] = 0; current[1] = 0; current[2] = 0; current[me] = 1;
          owes[me] = 0; remote[me] = 0; pc[me] = PROVE
       :: else -> forget()
       fi;
       canonicalize
     }

  /* --- Inside ---------------------------------------------------------------------------------------------------- */

  :: d_step { at(PROVE);
       if
       :: proven ->
          assert(!any(isInside) /* two inside */);
          if :: isExposed(0) -> late[0] = 1 :: else fi;
          if :: isExposed(1) -> late[1] = 1 :: else fi;
          if :: isExposed(2) -> late[2] = 1 :: else fi;
          pc[me] = WRITE
       :: else -> forget()
       fi;
       canonicalize
     }

  :: d_step { at(WRITE);
       assert(!(late[me] && current[me]) /* late write */);
       assert(!lease[me] || current[me] /* lost write */);
       current[me] = 0; late[me] = 0; pc[me] = LEAVE;
       canonicalize
     }

  /* --- Leaving --------------------------------------------------------------------------------------------------- */

  :: d_step { at(LEAVE);
       if
       :: proven -> permit[me] = 1; pc[me] = LEAVE_MOVE
       :: else -> forget()
       fi;
       canonicalize
     }

  :: d_step { at(LEAVE_MOVE);
       if
       :: permit[me] && name != 0 ->
          if
          :: owes[me] -> steal()
          :: else -> release()
          fi;
          forget()
       :: !permit[me] -> pc[me] = LEAVE
       :: else -> forget()
       fi;
       canonicalize
     }
  :: d_step { pc[me] == LEAVE_MOVE && network(me) && permit[me] && name != 0 -> tell("LEAVE_MOVE, will be sent again");
       if
       :: owes[me] -> steal()
       :: else -> release()
       fi;
       canonicalize
     }

  /* unlinkat(permit, unique) and rmdir(FILE.lock.steal), by somebody who has left. */
  :: d_step { pc[me] == START && content == JUNK -> tell("clears away"); remove(JUNK); canonicalize }
  :: d_step { pc[me] == START && content == 0 -> tell("rmdir"); removeDirectory(); canonicalize }

  /* --- Stealing -------------------------------------------------------------------------------------------------- */

  /* The permit is opened before the look. */
  :: d_step { pc[me] == START && (name > N || name != 0 && !lease[name - 1]) -> tell("LOOK");
       permit[me] = 1; pc[me] = MOVE; canonicalize }

  :: d_step { at(MOVE);
       if
       :: permit[me] && name != 0 -> steal()
       :: else
       fi;
       forget();
       canonicalize
     }
  :: d_step { pc[me] == MOVE && network(me) && permit[me] && name != 0 -> tell("MOVE, will be sent again");
       steal(); canonicalize }

  /* --- What happens to a process ----------------------------------------------------------------------------------- */

  :: d_step { lease[me] -> tell("the lease ends"); lease[me] = 0; canonicalize }
  :: d_step { pc[me] != START -> tell("killed"); forget(); canonicalize }
  od
}

init {
  byte i;
  atomic { for (i : 0 .. N - 1) { run Process(i) } }
}
