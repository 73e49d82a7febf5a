"""The commands of transfers, each with its needs and its rule."""

from fancymonkey.core.command import AnswerReaders, Rules
from fancymonkey.core.transfers import edit, finish, receive, send, undo_receipt
from fancymonkey.core.transfers.answers import TransferChanged

RULES: Rules = {
    edit.CreateTransfer: (edit.needs_create, edit.create_transfer),
    edit.EditTransfer: (edit.needs_edit, edit.edit_transfer),
    send.SendTransfer: (send.needs_send, send.send_transfer),
    receive.ReceiveTransfer: (receive.needs_receive, receive.receive_transfer),
    undo_receipt.UndoReceipt: (undo_receipt.needs_undo_receipt, undo_receipt.undo_receipt),
    finish.CloseTransfer: (finish.needs_finish, finish.close_transfer),
    finish.CancelTransfer: (finish.needs_finish, finish.cancel_transfer),
}

ANSWERS: AnswerReaders = dict.fromkeys(RULES, TransferChanged.restored)
