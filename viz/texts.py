"""Every sentence a recorded run says, in one place: a language is one table here, and no code.

``say("leaf.title", x="w")`` fills in a sentence of the language in use; one that a table lacks is said in
English. A key such as ``op.mul`` belongs to one operation; where there is none, the general one is used.
"""

from __future__ import annotations

EN: dict[str, str] = {
    # Tensors made
    "leaf.title": "{x} is made",
    "leaf.text": "{x} is a leaf: you made it yourself and asked for its gradient. Until a backward pass brings one, "
    "{x}.grad is None.",
    "leaf.parameter.title": "The parameter {x} is made",
    "leaf.parameter.text": "{x} is made to be learned: it is a leaf that requires grad. Until a backward pass brings a "
    "gradient, {x}.grad is None.",
    "data.title": "{x} is made",
    "data.text": "{x} does not require grad: it takes part in the computation, but no gradient is computed for it.",
    "leaf.on.title": "{x} requires grad from now on",
    "leaf.on.text": "Operations on {x} are recorded from here, and backward will fill {x}.grad.",
    "leaf.off.title": "{x} no longer requires grad",
    "leaf.off.text": "{x} is frozen: what is computed from it from here on sends it no gradient.",
    # Operations, forward: the title is composed, the text is a sentence about the operation and one about saving
    "operation.title": "{expression} makes {node}",
    "operation.title.named": "{x} = {expression} makes {node}",
    "op": "{name} runs, and {node} is put on the graph: it knows where gradients will have to go.",
    "op.add": "The sum is made, and {node} notes where gradients will have to go.",
    "op.sub": "The difference is made, and {node} notes where gradients will have to go.",
    "op.mul": "The product is made, and {node} notes where gradients will have to go.",
    "op.div": "The quotient is made, and {node} notes where gradients will have to go.",
    "op.pow": "The power is made, and {node} notes where gradients will have to go.",
    "op.sum": "The elements are added up; {node} will spread the gradient over them again.",
    "op.mean": "The mean is made; {node} will hand every element its equal share of the gradient.",
    "op.mm": "The matrix product is made, and {node} notes where gradients will have to go.",
    "op.relu": "What is negative becomes 0, the rest stays; {node} will let the gradient through only where it stayed.",
    "op.clone": "A copy with memory of its own; gradients flow through it to the original.",
    "op.to": "The same numbers in another dtype, and in memory of their own; {node} will bring the gradient back in "
    "the old dtype.",
    "op.convolution": "A small window of weights slides over the input; at each place the products of weights and "
    "input are summed. {node} notes where gradients will have to go.",
    "op.pool": "Of each window of the input one number is left; {node} will know which inputs it came from.",
    "op.softmax": "The numbers become positive and add up to 1 (their exponentials over the sum); {node} notes where "
    "gradients will have to go.",
    "op.log_softmax": "The logarithm of softmax, computed in one piece so that nothing overflows.",
    "op.nll_loss": "For each sample the log-probability of its true class is picked out, and its sign changed: the "
    "less likely the truth was held to be, the larger the loss.",
    "vector": "{count} numbers",
    "op.loss": "Prediction and target become one number that says how far they are apart.",
    "op.normalise": "The numbers are shifted and scaled to mean 0 and variance 1, then by the learned weight and bias.",
    "op.embedding": "Rows of the table are looked up by their numbers.",
    "op.dot": "The products of the elements are summed to one number.",
    "op.cat": "The tensors are put one after the other; {node} will cut the gradient apart again.",
    "op.max_dim": "The largest along a dimension is found, with its place; {node} will send its gradient there.",
    "op.max": "The largest is found; {node} will send its gradient to where it stood.",
    "op.min_dim": "The smallest along a dimension is found, with its place; {node} will send its gradient there.",
    "op.min": "The smallest is found; {node} will send its gradient to where it stood.",
    "op.clamp": "What lies outside the limits is set to them; {node} will stop the gradient there.",
    "op.gather": "Elements are read by their places; {node} will put their gradients back there.",
    "op.mask": "Where the mask is true another number takes the place.",
    "op.where": "Each element comes from one input or the other; {node} will send its gradient back to that one only.",
    "saves": "For the backward pass it saves {names}.",
    "result.nth": "result {number} of {text}",
    "saves.number": "the number {number}",
    "saves.nothing": "For its backward it needs no tensor, so it saves none.",
    "saves.hidden": "What it needs is handed to the saved-tensor hooks that are in force; a checkpoint keeps none.",
    "saves.again": "What it needs goes to the node that is waiting for it.",
    "broadcast": "{x} is stretched from {before} to {after} (broadcasting).",
    "constant": "The number {number} is a constant: no gradient goes there.",
    "created": "This is the backward pass being recorded (create_graph=True): the gradient gets a graph of its own.",
    "view.title": "{x} is a view of {base}",
    "view.title.many": "{x} are views of {base}",
    "view.text.many": "No number is copied: each shows a part of the memory of {base}. {node} will bring their "
    "gradients back into the shape of {base}.",
    "view.text": "No number is copied: {x} shows the memory of {base} in another arrangement. {node} will bring "
    "gradients back into the shape of {base}.",
    "untracked.title": "{expression}: no node is made",
    "untracked.title.named": "{x} = {expression}: no node is made",
    "again": "The backward pass has come to a part that kept no saved tensors (a checkpoint): it is run again to get "
    "them.",
    "untracked.custom": "It stands inside a Function, where nothing is recorded: the Function as a whole is the node, "
    "and its backward says what passes.",
    "untracked.off": "Recording is off here (no_grad), so the result has no grad_fn and no gradient will pass.",
    "untracked.walk": "The walk back is not recorded itself (create_graph=False), so the result has no grad_fn.",
    "untracked.inference": "Recording is off here (inference_mode), so the result has no grad_fn, and no node will "
    "ever be able to save it.",
    "untracked.data": "Nothing here requires grad, so there is nothing to record.",
    "untracked.kind": "Its result is not a floating point number, and only those have gradients.",
    "detach.title": "{x} = {base}.detach(): cut off from the graph",
    "detach.text.same": "{x} shows the same memory as before, but has no grad_fn: gradients stop here.",
    "detach.text": "{x} shows the same memory as {base}, but has no grad_fn: gradients stop here.",
    "untracked.gradient": "It works on gradients and is not recorded.",
    "detached.title": "{x} is cut off from its graph",
    "detached.text": "{x} keeps its numbers and forgets what it was computed from: it has no grad_fn any more, and "
    "gradients stop here.",
    # In place
    "inplace.title": "{x} is changed in place",
    "inplace.plain": "{operation} writes into the memory of {x}: its version goes from {before} to {after}. The "
    "change is part of no graph.",
    "inplace.data": "{operation} writes into the memory of {x} through {data}, which has a version counter of its "
    "own: that of {x} stays as it is, so backward cannot notice. torch.no_grad() is the safe way.",
    "inplace.text": "{operation} writes into the memory of {x}: its version goes from {before} to {after}.",
    "inplace.shape": "{operation} gives {x} another shape, the numbers stay: its version goes from {before} to "
    "{after}.",
    "inplace.shape.own": "The product was worked out with a matrix of a single row or column. {operation} gives {x} "
    "the shape of a vector again: its version goes from {before} to {after}.",
    "inplace.node": "From now on its grad_fn is {node}.",
    "inplace.slices": "{x} is part of {base}, so the history of {base} is written anew: CopySlices keeps the old one "
    "for the elements that were not touched.",
    "inplace.views": "The old grad_fn of {names} no longer holds: AsStridedBackward0, which shows {base} as it is now, "
    "is put on the graph at the next use.",
    "inplace.stale": "But {node} saved {saved} at version {version} and needs it unchanged: its backward will fail.",
    "inplace.shared": "{names} in the same memory shows the new numbers, too.",
    "inplace.shared.many": "{names} in the same memory show the new numbers, too.",
    "inplace.fine": "No node has saved the old numbers, so backward will work.",
    "update.title": "{x} is updated",
    "update.text": "The numbers of the leaf are changed in place, with recording off: the update itself is not part "
    "of any graph.",
    "update.data.title": "{x} is given other numbers",
    "update.data": "{x}.data = ... puts them under the same tensor. Nothing is recorded and no version is counted, so "
    "backward cannot notice. torch.no_grad() with a change in place is the safe way.",
    "update.title.by": "{optimizer} moves {x}",
    "update.descent": "{x} goes a small step against its gradient, where the loss is smaller: the learning rate says "
    "how far. The change is in place and not recorded.",
    "update.momentum": "{v} remembers: {momentum} of what it was stays, and what is new is added (in the first step "
    "there is only that). Every parameter has a {v} of its own. The change is in place and not recorded.",
    "update.by": "{x} goes a step by the rule of {optimizer} ({options}). The change is in place and not recorded.",
    # Backward
    "backward.title": "backward() starts at {z}",
    "backward.title.grad": "autograd.grad() starts at {z}",
    "backward.one": "The gradient of {z} with respect to itself is 1. From here it travels against the arrows.",
    "backward.given": "The walk starts with the gradient that was given: v. What arrives at the leaves is v times "
    "the Jacobian; read {L} as the sum of v · {z}.",
    "backward.several": "The walk starts at {count} tensors at once, and what comes from them adds up: read {L} as the "
    "sum of each of them times the gradient that it starts with.",
    "backward.retain": "retain_graph=True: the saved tensors stay for another backward.",
    "backward.create": "create_graph=True: the backward pass is recorded as well.",
    "node.title": "{node} passes the gradient on",
    "node.text": "The incoming gradient is multiplied by the derivative of the operation and handed to its inputs.",
    "node.joined": "{count} gradients have arrived here along different paths: they add up.",
    "node.replaced": "What came out is not what its formula gives: numbers that it saved were changed unseen (through "
    ".data, say), or a hook has written over it.",
    "node.reduced": "The gradient of {x} is summed over the dimensions in which it was stretched ({before} to "
    "{after}).",
    "node.again": "What it needs a checkpoint has computed again. It stops within the operation that gives the last of "
    "what was missing: that one is no step.",
    "node.nothing": "No input of it needs a gradient.",
    "back.add.title": "{node} passes the gradient on unchanged",
    "back.add": "When a term grows by 1, so does the sum: the gradient goes on as it is.",
    "back.sub.title": "{node} passes the gradient on, negated to what was subtracted",
    "back.sub": "The difference grows with the first term and shrinks with the second.",
    "back.sub.first.title": "{node} passes the gradient on unchanged",
    "back.sub.first": "When {x} grows by 1, so does the difference: the gradient goes on as it is.",
    "back.rsub.title": "{node} passes the gradient on, negated",
    "back.rsub": "The difference shrinks as what is subtracted grows.",
    "back.mul.title": "{node} passes the gradient to both factors",
    "back.mul": "Each factor receives the incoming gradient times the other factor, which the node had saved.",
    "back.mul.one.title": "{node} passes the gradient to {x}",
    "back.mul.one": "{x} receives the incoming gradient times the other factor.",
    "back.mul.same.title": "{node} passes two gradients to {x}",
    "back.mul.same": "{x} is both factors, so it receives the gradient twice: once for each. They will add up.",
    "back.div": "The numerator receives the gradient divided by the denominator; the denominator, which makes the "
    "quotient smaller as it grows, a negative one.",
    "back.div.one": "{x} receives the gradient divided by the denominator.",
    "back.pow": "The derivative of a power: the exponent comes down, and the power is one less.",
    "back.pow.exponent": "The exponent moves: the derivative is the power itself, times the logarithm of its base.",
    "back.neg": "The sign changed on the way forward, so it changes on the way back.",
    "back.exp": "The derivative of exp is its own result, which the node had saved.",
    "back.log": "The derivative of ln x is 1/x.",
    "back.tanh": "The derivative of tanh is 1 − tanh², from the saved result: near 1 or −1 it is almost 0.",
    "back.sigmoid": "The derivative of the sigmoid is s (1 − s), from the saved result.",
    "back.relu": "Where the input was positive the gradient passes, where it was not it stops.",
    "back.abs": "The gradient keeps its sign where the input was positive and changes it where it was negative.",
    "back.sqrt": "The derivative of a root is 1 over twice the root, from the saved result.",
    "back.sum.title": "{node} hands the gradient to every element",
    "back.sum": "Every element counts once in the sum, so each receives the same gradient.",
    "back.mean.title": "{node} shares the gradient out equally",
    "back.mean": "Every element makes up one part in {n} of the mean, so each receives that part of the gradient.",
    "back.mm.title": "{node} passes the gradient to both matrices",
    "back.mm": "The gradient of each matrix is a matrix product of the incoming gradient with the other one, "
    "transposed.",
    "back.mm.one.title": "{node} passes the gradient to {x}",
    "back.mm.one": "It is the matrix product of the incoming gradient with the other matrix, transposed.",
    "back.view.title": "{node} passes the gradient on in the old shape",
    "back.view": "The numbers stayed the same, only their arrangement changed: so does the gradient's, back again.",
    "back.transpose": "What was exchanged on the way forward is exchanged back.",
    "back.expand": "One number stood at many places: its gradient is the sum of theirs.",
    "back.select.title": "{node} puts the gradient back in its place",
    "back.select": "Only the elements that were read get a gradient; the rest of it is 0.",
    "back.to": "The gradient goes on as it is, in the dtype of what was converted.",
    "back.clone": "A copy changes as its original does: the gradient goes on as it is.",
    "back.convolution": "Each weight receives the sum of gradient times input over all places where it was used; the "
    "input, the gradient times the weights that touched it.",
    "back.convolution.title": "{node} passes the gradient to the input and the weights",
    "back.pool": "Each window hands its gradient back to the inputs that its number came from.",
    "back.softmax": "Raising one probability lowers the others, so each receives its own gradient minus the mean of "
    "all, weighted with the probabilities.",
    "back.log_softmax": "Each receives its own gradient, minus its probability times the sum of all.",
    "back.nll_loss": "Only the log-probability of the true class was used: it alone gets a gradient, and a negative "
    "one, because the loss falls as it grows.",
    "back.loss": "The gradient says in which direction the prediction moves away from its target.",
    "back.mse_loss": "The derivative of a square is twice the difference: what is far off gets a large gradient.",
    "back.smooth_l1_loss": "Near the target the gradient is the difference itself; far from it, it is capped.",
    "back.huber_loss": "Near the target the gradient is the difference itself; far from it, it is capped.",
    "back.binary_cross_entropy_with_logits": "The sigmoid and the logarithm together leave something simple: the "
    "predicted probability minus the target.",
    "back.normalise": "All numbers share one mean and one variance, so each gradient loses its mean and its part "
    "along the output before it is scaled.",
    "back.embedding": "Each row of the table receives the sum of the gradients of the places where it was looked up; "
    "rows that were not receive 0.",
    "back.dot": "Each vector receives the gradient times the other one.",
    "back.cat": "Each part receives its own piece of the gradient.",
    "back.split": "The pieces' gradients are put together again; a piece that was not used counts as 0.",
    "back.max_dim": "In each line only the place where the largest was found gets the gradient; all others get 0.",
    "back.as_strided": "The gradient goes back to the elements that the view shows; all others get 0.",
    "back.max": "Only the place where the largest stood gets the gradient; all others get 0. Equals share it.",
    "back.min_dim": "In each line only the place where the smallest was found gets the gradient; all others get 0.",
    "back.min": "Only the place where the smallest stood gets the gradient; all others get 0. Equals share it.",
    "back.maximum": "At each place the gradient goes to the larger of the two; equals share it.",
    "back.minimum": "At each place the gradient goes to the smaller of the two; equals share it.",
    "back.clamp": "Inside the limits the gradient passes; outside, where nothing changes any more, it stops.",
    "back.gather": "Each gradient goes back to the place its element was read from; where one was read twice they add "
    "up.",
    "back.scatter": "What was written gets the gradient of its places; what was overwritten gets 0 there.",
    "back.mask": "Where another number was put the gradient stops; elsewhere it passes.",
    "back.reciprocal": "The derivative of 1/x is −1/x²: the saved result, squared, with its sign changed.",
    "back.rsqrt": "The derivative of 1/√x is −½ of the result to the third power.",
    "back.sin": "The derivative of sin is cos.",
    "back.cos": "The derivative of cos is −sin.",
    "back.norm": "The gradient points along the input: each element receives its share of the norm.",
    "back.prod": "Each element receives the product of all the others.",
    "back.cumsum": "Each element is part of every sum from its place on, so it receives the sum of their gradients.",
    "back.var": "The variance grows with the distance from the mean: that is what each element receives, twice "
    "over the number of elements less the correction (1, unless given).",
    "back.std": "The standard deviation grows with the distance from the mean: that is what each element receives, "
    "divided by the deviation itself and by the number of elements less the correction (1, unless given).",
    "back.logsumexp": "Each element receives its share of the sum: its softmax.",
    "back.softplus": "The derivative of softplus is the sigmoid.",
    "back.leaky": "Where the input was positive the gradient passes whole, elsewhere a small part of it.",
    "back.silu": "The gradient is the derivative of x times sigmoid of x, by the product rule.",
    "back.gelu": "The gradient is the derivative of x times Φ(x), by the product rule.",
    "back.repeat": "One number stood at many places: its gradient is the sum of theirs.",
    "back.flip": "What was turned on the way forward is turned back.",
    "back.triangle": "Only the part that was kept gets a gradient.",
    "back.copy": "What was written gets the gradient; what was overwritten gets 0.",
    "back.where": "Each element's gradient goes to the input it was taken from; the other gets 0 there.",
    "back.slices": "The elements that were overwritten no longer depend on what stood there before: their gradient "
    "goes to what was written, and the old values get 0.",
    "back.slices.through": "The gradient of the elements that were changed goes back through the change; that of the "
    "others passes as it is.",
    "back.module_hook": "Here the module lets its backward hooks see the gradient.",
    "back.checkpoint": "It runs its part of the program again, recorded this time, and goes back through that.",
    "back.custom": "This node runs the backward that you wrote.",
    "to": "to {node}",
    "to.what": "to {node} ({x} = {expression})",
    "to.leaf": "to the leaf {x}",
    "arrives": "arrives at {node}",
    "summed": "summed over the stretched dimensions",
    "accumulate.title": "{x}.grad receives its first gradient",
    "accumulate.title.more": "{x}.grad grows by what arrives",
    "accumulate.first": "{x}.grad was None, which is not the same as 0: now it holds what arrived.",
    "accumulate.more": "A gradient was there already, and backward does not overwrite: before + arriving = after.",
    "accumulate.paths": "It arrived along {count} paths, whose gradients add up.",
    "returned.title": "autograd.grad() returns the gradient",
    "returned.text": "It is handed to you, and nothing is added to any .grad.",
    "returned.title.none": "autograd.grad() finds no gradient",
    "returned.unused": "What was differentiated does not depend on {names}, so there is None for it.",
    "returned.graph": "It has a grad_fn, so it can be differentiated again.",
    "computed.own": "The operations and passes that this takes are minigrad's own, and not shown.",
    "computed.grad": "No .grad changes.",
    "computed.jacobian.title": "jacobian() returns the Jacobian",
    "computed.jacobian": "It has a row for each number that {f} returns: the gradient of that number with respect "
    "to {x}, from a backward pass of its own.",
    "computed.hessian.title": "hessian() returns the Hessian",
    "computed.hessian": "It has a row for each derivative with respect to {x}, which says how that one changes with "
    "{x}: the backward pass is recorded, and gone through backward once for each row.",
    "computed.vjp.title": "vjp() returns the result and a product with the Jacobian",
    "computed.vjp": "One backward pass that starts with the vector gives the product: the Jacobian itself is never "
    "made.",
    "computed.jvp.title": "jvp() returns the result and a product with the Jacobian",
    "computed.jvp": "Here the vector stands on the other side, in the place of a small change of {x}: two backward "
    "passes, one through the other, give the product, and the Jacobian itself is never made.",
    "computed.vhp.title": "vhp() returns the result and a product with the Hessian",
    "computed.vhp": "Two backward passes, one through the other, give the product: the Hessian itself is never made.",
    "computed.hvp.title": "hvp() returns the result and a product with the Hessian",
    "computed.hvp": "Three backward passes, one through the other, give the product: the Hessian itself is never made. "
    "vhp() needs two for the same numbers.",
    "computed.gradcheck.right.title": "gradcheck() finds the gradients right",
    "computed.gradcheck.wrong.title": "gradcheck() finds a gradient wrong",
    "computed.gradcheck": "Each number of the inputs was moved up and down a little, and how the result changed was "
    "compared with what backward says.",
    "computed.gradgradcheck.right.title": "gradgradcheck() finds the second derivatives right",
    "computed.gradgradcheck.wrong.title": "gradgradcheck() finds a second derivative wrong",
    "computed.gradgradcheck": "Each number of the inputs was moved up and down a little, and how the gradients changed "
    "was compared with what a backward pass through the backward pass says.",
    "retain.called.title": "{x} is asked to keep its gradient",
    "retain.called": "{x} is not a leaf: without this, backward would pass its gradient on and forget it. From now on "
    "{x}.grad will hold it.",
    "retain.title": "{x} keeps its gradient",
    "retain.text": "{x} is not a leaf; its gradient is kept in {x}.grad because retain_grad() was called on it.",
    "retain.title.more": "{x}.grad grows by what arrives",
    "retain.more": "{x} is asked to keep its gradient and has one already: what arrives is added to it.",
    "hook.title": "A hook on {x} is called",
    "hook.several.title": "The hook on {x} is called",
    "hook.several.all": "It is one hook, called once, when the last of the gradients that it waits for has arrived.",
    "hook.several.any": "It is one hook, called once, when the first of the gradients has arrived.",
    "hook.same": "It looks at the gradient of {x} and returns no other: this one travels on.",
    "hook.written": "It writes over the gradient of {x}, and the new numbers travel on. PyTorch asks hooks not to do "
    "this: a gradient may be shared. A new one can be returned.",
    "hook.complete": "{x}.grad is complete: the hook was registered for this moment.",
    "hook.node.same": "It looks at the gradients that {x} receives or passes on, and returns no others.",
    "hook.node.changed": "It replaces a gradient that {x} receives or passes on.",
    "hook.changed": "It replaces the gradient of {x}; what it returns travels on.",
    "free.title": "The saved tensors are let go",
    "free.text": "The backward pass has used them, and {size} of memory are free again.",
    "free.held": "The backward pass has used them. Others have saved the same, so no memory is free again yet.",
    "free.numbers.title": "The saved numbers are let go",
    "free.numbers": "The backward pass has used them. They took no tensor's memory (0 B).",
    "free.again": "A second backward through {nodes} would fail; retain_graph=True would have kept them.",
    "free.again.many": "A second backward through these {count} nodes would fail; retain_graph=True would have kept "
    "them.",
    "dropped.title": "A graph is gone",
    "dropped.text": "Nothing refers to it any more, so {nodes} goes, and with it what it had saved ({size}).",
    "dropped.text.many": "Nothing refers to it any more, so its {count} nodes go, and with them what they had saved "
    "({size}).",
    # Gradients set
    "grad.none.title": "{x}.grad is set to None",
    "grad.none": "What had been accumulated is dropped; the next backward starts afresh.",
    "grad.none.again": "It was None already.",
    "grad.zero.title": "{x}.grad is zeroed",
    "grad.zero": "It keeps its memory and holds zeros: the next gradient is added to them.",
    "grad.set.title": "{x}.grad is set",
    "grad.set": "It is replaced by another tensor.",
    "grad.changed.title": "{x}.grad is changed in place",
    "grad.changed": "{operation} writes into it; the next backward adds to what stands there now.",
    # Errors
    "error.title": "{type}",
    "error.title.node": "{type} at {node}",
    "error.text": "Python leaves the line here: an except takes over, if there is one, or the program ends.",
    "error.freed.title": "{node} has nothing left to work with",
    "error.freed": "Its backward needs {names}, which the backward in line {line} let go of. Give that one "
    "retain_graph=True, or run the forward again before this line.",
    "error.freed.before": "Its backward needs {names}, which an earlier backward let go of. Give that one "
    "retain_graph=True, or run the forward again before this line.",
    "error.changed.title": "{node} finds that {x} has been changed",
    "error.changed": "In line {line} it saved {x} at version {saved}; line {changed} changed it in place, and now it "
    "is at version {version}. With these numbers the derivative would be wrong, so the engine refuses.",
    "error.scalar.title": "backward() does not know where to start",
    "error.scalar": "{z} has {count} elements. Only a single number has an obvious gradient to start from, 1; for "
    "anything else say gradient=v, or make it a number first, with sum() or mean().",
    "error.no_graph.title": "There is no graph to walk",
    "error.no_graph": "Nothing this was computed from requires grad, or it was detached or made under no_grad: it "
    "has no grad_fn.",
    "error.leaf.title": "A leaf that requires grad must not be changed in place",
    "error.leaf": "Gradients are taken with respect to its value. Change it under torch.no_grad(), as an optimizer "
    "does.",
    "error.unused.title": "Not every input has a gradient",
    "error.unused": "No way leads from what is differentiated back to it, so there is nothing to return. If that is "
    "meant, allow_unused=True returns None.",
    "error.grad.title": "This cannot be its gradient",
    "error.grad": "A gradient has a number for every number of its tensor: the same shape, and the same dtype.",
    "error.inference.title": "A tensor of inference_mode cannot be saved",
    "error.inference": "Its changes are not counted, so nobody could tell whether it is still what it was when "
    "backward comes. Its clone(), made outside, can be saved; so can what no_grad() makes.",
    "error.whole.title": "These numbers have no gradient",
    "error.whole": "Whole numbers and truth values cannot change a little. Make the tensor with floating point "
    "numbers, 1.0 for 1, or call float() on it first.",
    "error.numpy.title": "numpy() would leave the graph unseen",
    "error.numpy": "What numpy computes is not recorded, and no gradient could come back through it. detach() says "
    "that this is meant.",
    "error.sizes.title": "These shapes do not fit together",
    "error.sizes": "Counted from the last dimension, two sizes must be the same, or one of them 1 (broadcasting).",
    "error.product.title": "These matrices cannot be multiplied",
    "error.product": "The left one needs as many columns as the right one has rows.",
    "error.dtype.title": "These numbers are of two kinds",
    "error.dtype": "A product of matrices takes both in one dtype; float() or to(dtype) makes them so.",
    "error.view.title": "The numbers do not fit this shape",
    "error.view": "A new shape has to hold as many numbers as the old one. One length may be −1: it is worked out.",
    "error.joined.title": "These tensors do not fit side by side",
    "error.joined": "cat joins along one dimension, and all others have to agree; stack needs one shape for all.",
    "error.index.title": "There is no such element",
    "error.index": "Places are counted from 0, and from −1 backwards.",
    "error.dim.title": "There is no such dimension",
    "error.dim": "Dimensions are counted from 0, and from −1 backwards.",
    "error.truth.title": "Many numbers have no single truth value",
    "error.truth": "all() says whether every one is true, any() whether one is.",
    "error.one.title": "Only a single number becomes a Python number",
    "error.one": "Index one element, or make it one with sum() or mean(); tolist() gives all.",
    "error.seed.title": "The first gradient has another shape",
    "error.seed": "backward(gradient=...) takes a number for every number of the tensor it starts at: the same shape.",
    "error.not_asked.title": "One of these inputs does not require grad",
    "error.not_asked": "Nothing computed from it was recorded on its account. Say requires_grad=True before the "
    "forward.",
    "error.mean.title": "Whole numbers have no mean of their kind",
    "error.mean": "A mean is seldom whole: call float() first.",
    "error.part.title": "One of several views must not be changed in place",
    "error.part": "One operation made them all, and one node cannot take the change of a single one. Change a "
    "clone(), or "
    "take the part by its index.",
    "error.quiet_view.title": "This view was made where nothing was recorded",
    "error.quiet_view": "A change that is recorded would have to be written into the history of its base, which "
    "does not "
    "know of the view. Make the view and the change both inside no_grad(), or both outside.",
    "error.sealed.title": "A tensor of inference_mode is changed in it or not at all",
    "error.sealed": "Its changes are not counted. Its clone(), made outside, is an ordinary tensor.",
    "error.cast.title": "The result does not fit into this dtype",
    "error.cast": "In place, a tensor keeps its dtype. Write x = x + ..., which makes a new one, or call "
    "float() first.",
    "error.state.title": "The saved parameters are not those of this module",
    "error.state": "The message names what is missing and what is too much. strict=False takes what fits.",
    "error.nan.title": "{node} has made a gradient that is no number",
    "error.nan": "Anomaly mode looks for NaN behind every node, and stops where it first appears: the derivative does "
    "not exist for the numbers that this node was given, or it became infinite times 0.",
    "error.returned.title": "{node} has not returned what it should",
    "error.returned": "The backward of a Function returns one gradient for each argument that its forward takes after "
    "ctx: a tensor, or None for what is no tensor or needs none.",
    "error.flag.title": "Its gradient is part of a graph",
    "error.flag": "Whether a computed tensor requires grad follows from its inputs. detach() gives the same numbers "
    "without a graph.",
    "error.untracked.title": "No gradient will ever come here",
    "error.untracked": "It does not require grad, so no backward reaches it: there is nothing to hook or to keep.",
    "error.not_leaf.title": "An optimizer moves leaves only",
    "error.not_leaf": "This was computed from something else and is computed anew in the next forward; backward leaves "
    "it no .grad. Give the optimizer the leaves it comes from.",
    # Questions before a step
    "predict.grad": "What will {x}.grad be when the backward pass of line {line} is over?",
    "predict.raise": "Line {line} is about to run. Will it run to its end, or raise an error?",
    "predict.runs": "it runs",
    "predict.raises": "it raises an error",
    "predict.last": "That is what this backward pass brings. It is added to what {x}.grad holds already.",
    "predict.before": "That is what {x}.grad holds now. This backward pass adds to it.",
    "predict.path": "That is what comes along one path. {x} is used in more than one place, and what comes along "
    "each path adds up.",
    "predict.value": "That is the value of {x}, and not how the result changes with it.",
    "predict.other": "That is the gradient of {x}.",
    "predict.zero": "Zero would say that the result does not depend on {x}. It does.",
    "predict.not.zero": "Zero would be a gradient that has arrived. Does any way lead from the result back to {x}?",
    "predict.none": "None says that no gradient has arrived yet. This backward pass brings one.",
    "predict.nothing": 'Nothing in this run answers to {subject!r}, so it is not asked: "x.grad" asks for the gradient '
    'of x, "raises" whether a backward runs to its end.',
    "predict.many": "{subject} has more than {most} numbers, so it is not asked.",
    # Two runs side by side
    "compare.1": "first run",
    "compare.2": "second run",
    "compare.same": "The runs do not differ.",
    "compare.apart": "The runs part at step {step}.",
    "cut": "This run is longer than {limit} steps; the first {shown} are shown.",
    "cut.phase": "This run is longer than {limit} steps; the first {shown} are shown, to the end of a phase.",
    "cut.advice": "To see more, record less at once (one pass of a loop, a smaller model), or say --limit (limit= in "
    "viz.record).",
    "progress.record": "Recording: {steps} steps",
    "progress.layout": "Laying out {nodes} nodes",
    "chip": "saved {x}",
    # In place of the stepper, where no script runs
    "still": "Stepper: {parts}",
    "still.steps": "{count} steps",
    "still.steps.one": "1 step",
    "still.lines": "{count} lines",
    "still.lines.one": "1 line",
    "still.error": "ending in {error}",
    "still.error.line": "ending in {error} on line {line}",
    "still.how": "{summary}. Run the cell, or trust the notebook, to step through it.",
    "still.told": "The steps in words",
    "still.more": "and {count} more",
    # A big run, folded
    "fold.pass": "iteration {number}",
    "fold.passes": "iterations {first} to {last}",
    "fold.line": "line {line}",
    "fold.lines": "lines {first} to {last}",
    "fold.part": "a part",
    "fold.leaves": "{count} leaves",
    "fold.count": "{count} operations",
    "fold.count.one": "1 operation",
    "fold.shut": "{nodes} nodes are too many to draw: {count} of the groups cannot be opened. To see inside, record "
    "less at once (fewer passes of a loop, a smaller model).",
    # Sliders on a picture (viz/explorers.py)
    "explore.summary": "Explorer: {count} pictures, {sliders}.",
    "explore.summary.start": "At {at}: {sentence}",
    "explore.alt": "picture at {at}",
    "explore.still": "Shown at {at}. Run the cell, or trust the notebook, to move the slider.",
    "explore.progress": "Drawing: {count} of {total} pictures",
    "explore.nothing": "explore: there is nothing to choose from; give the values of a parameter of {function}, as in "
    "explore({function}, h=[0.1, 0.01])",
    "explore.single": "explore: {name}={value} is a single value; a slider goes through several, as in "
    "{name}=[1, 2, 3]",
    "explore.empty": "explore: {name}=[] has no values, so the slider has nowhere to stand",
    "explore.function": "explore: what comes first is the function that draws, and not what it returns ({kind}): write "
    "its name without brackets",
    "explore.sliders": "explore: {count} sliders ({names}); there can be two at most, because every combination is a "
    "picture. Give the other parameters default values",
    "explore.many": "explore: {sizes} = {count} pictures; there can be {most} at most, because all are drawn now and "
    "stored. Give fewer values, or one slider",
    "explore.parameter": "explore: {function}{signature} cannot be called with these sliders: {problem}",
    "explore.start.name": "explore: start names {name!r}, and there is no such slider; there is {names}",
    "explore.start.value": "explore: start sets {name} to {value}, where its slider does not go; it goes to {values}",
    "explore.none": "nothing",
    "explore.figure": "explore: {function} returned {kind} at {at}, and not a figure. Let it end with `return figure`, "
    "or `return figure, sentence`, in place of plt.show()",
    "explore.sentence": "explore: {function} returned a figure and something of type {kind} at {at}; beside the figure "
    "there can be a sentence, a str",
    "explore.raised": "explore: this happened in {function} at {at}",
    # What the stepper itself says: read by viz/static/stepper, without the "ui."
    "ui.stepper": "Stepper",
    "ui.stepper.of": "Stepper: {title}",
    "ui.first": "First step (Home)",
    "ui.back": "Step back (←)",
    "ui.next": "Step forward (→)",
    "ui.last": "Last step (End)",
    "ui.step": "step",
    "ui.play": "Play (space)",
    "ui.pause": "Pause (space)",
    "ui.pace": "Speed of playing",
    "ui.pace.at": "Speed of playing: {speed}×",
    "ui.keys.open": "Keys (?)",
    "ui.lecture": "Large, for a lecture (f)",
    "ui.bar": "Stepping",
    "ui.leap": "next",
    "ui.leap.line": "line",
    "ui.leap.line.label": "Next line (↓)",
    "ui.leap.phase": "phase",
    "ui.leap.phase.label": "Next phase (PgDn)",
    "ui.leap.change": "change",
    "ui.leap.change.label": "Next change of the selected tensor (n)",
    "ui.track": "Step",
    "ui.part": "{name}: steps {first} to {last}",
    "ui.phase.number": "{phase} {number}",
    "ui.phase.forward": "forward",
    "ui.phase.backward": "backward",
    "ui.phase.update": "update",
    "ui.phase.error": "error",
    "ui.phase.freed": "freed",
    "ui.track.at": "step {step} of {count}, {phase}: {title}",
    "ui.count": "step {step} of {count}",
    "ui.break.set": "Set a breakpoint here (b)",
    "ui.line.go": "Go to a step of this line",
    "ui.code": "Code",
    "ui.predict": "Predict",
    "ui.this": "This step",
    "ui.tensors": "Tensors",
    "ui.head.tensor": "tensor",
    "ui.head.value": "value",
    "ui.head.grad": ".grad",
    "ui.head.version": "version",
    "ui.head.fn": "grad_fn",
    "ui.rest": "The tensors of this step, and the leaves, of {count} in all. Click a node to see another.",
    "ui.graph": "Graph",
    "ui.graph.of": "Graph of {title}",
    "ui.size": "Size of the graph",
    "ui.larger": "Larger (+)",
    "ui.smaller": "Smaller (−)",
    "ui.fit": "Fit (0)",
    "ui.key.leaf": "leaf",
    "ui.key.operation": "operation",
    "ui.key.output": "output",
    "ui.key.untracked": "not tracked",
    "ui.key.group": "folded: click to open",
    "ui.key.held": "saved, held",
    "ui.key.gone": "saved, freed",
    "ui.key.stale": "saved, out of date",
    "ui.fold": "{label}: fold",
    "ui.is.open": "{label} is open.",
    "ui.is.folded": "{label} is folded.",
    "ui.failed": "failed",
    "ui.done": "done",
    "ui.gradient.is": "gradient {gradient}",
    "ui.leaf.grad": "leaf, requires grad",
    "ui.leaf": "leaf",
    "ui.mark.fails": "fails",
    "ui.mark.changed": "changed",
    "ui.mark.saved": "saved",
    "ui.on.line": "on line {line}",
    "ui.memory": "saved memory {size}",
    "ui.live.step": "Step {step}.",
    "ui.score": "{right} of {count} predicted",
    "ui.answer.right": "Right: {answer}.",
    "ui.answer.no": "No: {answer}.",
    "ui.answer.number": "Write a number, several with spaces between them, or None.",
    "ui.answer.size.one": "It has 1 number.",
    "ui.answer.size": "It has {count} numbers.",
    "ui.answer.again": "Not this. Try again, or let it be shown.",
    "ui.answer.one": "a number",
    "ui.answer.many": "{count} numbers",
    "ui.check": "check",
    "ui.reveal": "show it",
    "ui.answer.is": "The answer: {answer}.",
    "ui.inspect": "What is selected",
    "ui.fact.shape": "shape",
    "ui.fact.scalar": "scalar",
    "ui.fact.detail": "detail",
    "ui.fact.from": "gradient from {node}",
    "ui.fact.to": "gradient to {node}",
    "ui.chip.before": "not yet saved",
    "ui.chip.stale": "held, but out of date",
    "ui.chip.held": "held",
    "ui.chip.freed": "freed",
    "ui.chip": "{x} at version {version}, {size}, {state}",
    "ui.fact.line": "made on line",
    "ui.change.back": "Previous change (N)",
    "ui.change.back.short": "← change",
    "ui.change.next": "Next change (n)",
    "ui.change.next.short": "change →",
    "ui.break": "Breakpoint (b)",
    "ui.break.short": "breakpoint",
    "ui.close": "Close",
    "ui.a.line": "line {line}",
    "ui.line.of": "{line}, part {part}",
    "ui.resumed": "part {part}",
    "ui.break.on": "Breakpoint at {where}.",
    "ui.break.off": "No breakpoint at {where}.",
    "ui.change.none": "It does not change any more.",
    "ui.change.click": "Select a tensor first, in the graph or in the table: then n leads to its next change.",
    "ui.nothing": "Nothing was recorded.",
    "ui.bar.both": "Stepping both",
    "ui.two": "Two runs: {labels}",
    "ui.keys": "Keys",
    "ui.key.space": "space",
    "ui.key.click": "click",
    "ui.does.step": "one step forward, back",
    "ui.does.line": "next line, previous line",
    "ui.does.phase": "next phase, previous phase",
    "ui.does.change": "next, previous change of the selected tensor",
    "ui.does.break": "breakpoint here; on to the next one",
    "ui.does.ends": "first step, last step",
    "ui.does.play": "play, pause",
    "ui.does.size": "graph larger, smaller, fit",
    "ui.does.fold": "open what is at work, fold it again",
    "ui.does.lecture": "large, for a lecture",
    "ui.does.keys": "these keys",
    "ui.does.panes": "to the timeline, the code, the graph, the tensors",
    "ui.does.graph": "in the graph: from node to node",
    "ui.does.rows": "in the code and in the tensors: from line to line",
    "ui.does.track": "on the timeline: by a step, by a phase",
    "ui.does.enter": "there: what a click does",
    "ui.does.pan": "move the graph, or the pane you are in",
    "ui.does.close": "close; out of a pane",
    "ui.does.click": "on a line: its steps; on a node or a tensor: what it holds",
    # Exercises
    "lesson.unanswered": "{name}: not answered yet",
    "lesson.right": "{name}: right",
    "lesson.right.why": "{name}: right. {why}",
    "lesson.wrong": "{name}: not yet. {hint}",
    "lesson.raised": "{name}: not yet. Your code raises {kind}: {error}",
    "lesson.type": "What is wanted is {wanted}; yours is {given}.",
    "lesson.number": "a number",
    "lesson.truth": "True or False",
    "lesson.word": "a word in quotes",
    "lesson.function": "a function",
    "lesson.several": "a group of {count}",
    "lesson.some": "{good} of the {count} are right.",
    "lesson.sign": "The size is right, but not the direction: does the result grow or shrink?",
    "lesson.again": "Look again, on paper or step by step.",
    "lesson.choices": "The choices are {choices}.",
    "lesson.predict.open": "{name}: not answered yet; what do you expect?",
    "lesson.predict.right": "{name} is {result}, as you predicted.",
    "lesson.predict.wrong": "{name} is {result}; you predicted {guess}. {hint}",
    # Bits
    "mask": "dropout's mask",
    "mask.drawn": "The mask was drawn at random: 0 drops a number, and what stays is made larger in return.",
    "moved": "{x} is an earlier {name}",
    "moved.step": "{x} is the {name} of step {step}",
    "and": "{a} and {b}",
    "result": "its result",
    "tensor": "a tensor",
    "gradient": "{x}.grad",
    "kept": "not kept",
}

LANGUAGES: dict[str, dict[str, str]] = {"en": EN}
_chosen = ["en"]


def use(language: str) -> None:
    """Say everything in this language from now on.

    Raises:
        ValueError: there is no table for it.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no texts in {language!r}; there are {', '.join(sorted(LANGUAGES))}")
    _chosen[0] = language


def has(key: str) -> bool:
    """Whether there is a sentence of this name."""
    return key in EN


def say(key: str, **words: object) -> str:
    """A sentence with its words filled in."""
    return LANGUAGES[_chosen[0]].get(key, EN[key]).format(**words)


def interface() -> dict[str, str]:
    """What the stepper itself says, with its places for words still open."""
    return {key[3:]: LANGUAGES[_chosen[0]].get(key, text) for key, text in EN.items() if key.startswith("ui.")}


def listing(words: list[str]) -> str:
    """``a``; ``a and b``; ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return say("and", a=", ".join(words[:-1]), b=words[-1])
