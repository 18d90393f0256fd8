/// Runs everything that needs several processes at once.
func runInCrowds(_ field: Field, _ options: Options) throws(Failure) {
  let crowd = Crowd(in: field.directory)
  let rivals = Rival.all(on: crowd.file, programs: options.programs)
  let exclusion = Exclusion(crowd: crowd)
  try exclusion.demandHarmWithoutLock()
  for rival in rivals { try exclusion.demand(of: rival.name, rival.words) }
  for workers in [8, 64] {
    let struggles = try contend(rivals, workers: workers, in: crowd)
    report("\(workers) workers want one lock, again and again", struggles)
    judge(struggles, fairness: workers == 8)
  }
  try runStrangers(rivals, in: crowd)
  explainContention()
}

/// Lets each of them loose in turns, so that what disturbs the machine disturbs several.
private func contend(_ rivals: [Rival], workers: Int, in crowd: Crowd) throws(Failure) -> [(String, Struggle)] {
  var struggles = rivals.map { ($0.name, Struggle()) }
  for round in 0..<(rivals.map(\.rounds).max() ?? 0) {
    for (index, rival) in rivals.enumerated() where round < rival.rounds {
      let members = [Member](repeating: Member(words: rival.words + ["/bin/true"]), count: workers)
      struggles[index].1 += try crowd.contend(rival.name, members, seconds: rival.seconds)
    }
  }
  return struggles
}
