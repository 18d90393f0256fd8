@testable internal import LockPolicy

/// `KEY=VALUE`: what is accepted shows as a text that is accepted, and means the same.
func checkValue(_ input: Input) {
  let option = input.bytes.text
  do throws(ValueError) {
    let assignment = try Assignment(option: option)
    let shown = try checkShown(assignment.setting, assignment.text)
    require(try checkShown(assignment.setting, shown) == shown, "\(option) shows as \(shown), and that as itself")
  } catch {
    require(!"\(error)".isEmpty, "a refusal has a reason")
  }
}

private func checkShown(_ setting: Setting, _ text: String) throws(ValueError) -> String {
  var policy = Policy()
  try setting.store(text, &policy)
  let shown = setting.text(in: policy)
  var again = Policy()
  do throws(ValueError) { try setting.store(shown, &again) } catch {
    require(false, "\(setting.key) shows '\(text)' as '\(shown)', which is refused: \(error)")
  }
  return shown
}
